//! The command line, read. clap quotes what it does not understand; what it quotes may be anything.

use crate::command::Cli;
use crate::{Judging, ui};
use clap::{CommandFactory, Parser};
use std::ffi::OsStr;
use std::process::ExitCode;
use std::sync::OnceLock;

/// Words longer than this are not shown as they are.
const LONG: usize = 200;

static COMMAND: OnceLock<fn() -> clap::Command> = OnceLock::new();

/// All that can be typed, as far as this program was asked to read it.
pub fn command() -> Option<clap::Command> {
    COMMAND.get().map(|command| command())
}

/// What was typed, or how the process ends: after `--help`, or after a message on what is wrong.
///
/// # Errors
/// There is nothing to run.
pub fn read<E: Judging>() -> Result<Cli<E>, ExitCode> {
    let _ = COMMAND.set(Cli::<E>::command);
    // `help watch`: the program that has the verb explains it.
    if std::env::args_os().nth(1).is_some_and(|word| word == "help")
        && std::env::args_os().nth(2).is_some()
        && let Err(failure) = E::here()
    {
        return Err(failure.report());
    }
    Cli::<E>::try_parse().map_err(|error| {
        let code = if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        if !error.use_stderr() || std::env::args_os().skip(1).all(|word| plain(&word)) {
            // If nobody listens there is nobody to tell.
            let _ = error.print();
        } else {
            // Its colours and the reader's escape codes cannot be told apart: neither is shown.
            let text = error.render().to_string();
            let lines: Vec<String> = text.trim_end().lines().map(short).collect();
            ui::note(&lines.join("\n"));
        }
        code
    })
}

/// Whether a terminal shows the word and does nothing else with it.
fn plain(word: &OsStr) -> bool {
    let text = word.to_string_lossy();
    text.len() <= LONG && strata_files::printable(&text).len() == text.len()
}

/// A line of the message, of which each part is at most a line long.
fn short(line: &str) -> String {
    const MOST: usize = 2 * LONG;
    let head: String = line.chars().take(MOST).collect();
    match line.len() - head.len() {
        0 => head,
        more => format!("{head}… ({more} bytes more)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_do_things_are_told_apart() {
        assert!(plain(OsStr::new("--lr=1e-3")) && plain(OsStr::new("日本 é")));
        for word in ["\u{1b}[2J", "a\nb", "\u{9b}2J", &"x".repeat(201)] {
            assert!(!plain(OsStr::new(word)), "{word:?}");
        }
        assert!(short(&"é".repeat(100_000)).len() < 1000);
    }
}
