//! `mdbook-strata`: what `cargo strata book` calls.

// What can end the process or change a number without a word is gone, or says why it cannot.
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_possible_wrap
    )
)]

use clap::{Parser, Subcommand};
use mdbook_strata::{Error, Extras, Press, Tree, children, serve};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Bytes of stack that the work has.
const STACK: usize = 16 << 20;

/// Prints the book: prose from `book/src`, everything else pulled from the tree.
#[derive(Parser, Debug)]
#[command(name = "book", bin_name = "cargo strata book", version)]
struct Cli {
    /// The book's folder [default: book, in the repository]
    #[arg(long, value_name = "DIR", global = true)]
    book: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Build the site
    Build {
        /// Where it goes [default: target/book]
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
        /// With the rustdoc of the crates beside it, in `api`
        #[arg(long)]
        api: bool,
    },
    /// Build and serve it on this machine, again at every save
    Serve {
        /// The port of 127.0.0.1; 0 is any that is free
        #[arg(long, value_name = "PORT", default_value_t = 3000)]
        port: u16,
    },
    /// Find what is wrong, unknown or stale, and run exact captures again
    Check,
    /// Run the commands whose output the book shows, and record what they print
    Capture {
        /// Those that are recorded already, too
        #[arg(long)]
        all: bool,
    },
}

fn main() -> ExitCode {
    if let Err(error) = children::keep() {
        note(&format!("warning: Ctrl-C ends this program only, not what it starts: {error}"));
    }
    let cli = Cli::parse();
    // Markdown and TeX are read by functions that call themselves: not every system gives a program's
    // first thread room for that.
    let work = std::thread::Builder::new().stack_size(STACK).spawn(move || run(&cli));
    let done = match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(done)) => done,
        // What it panicked with was printed.
        Ok(Err(_)) => return ExitCode::FAILURE,
        Err(error) => Err(Error::Run { command: "book".into(), error }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            note(&format!("error: {error}{}", advice(&error)));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Error> {
    let here = std::env::current_dir().map_err(|error| Error::File { path: ".".into(), error })?;
    let tree = Tree::above(&here)?;
    let book = cli.book.clone().unwrap_or_else(|| tree.root().join("book"));
    let target = tree.root().join("target");
    let press = Press::new(tree, &book);
    match &cli.command {
        Command::Build { out, api } => {
            let out = out.clone().unwrap_or_else(|| target.join("book"));
            let printed = press.build(&out, Extras { live: false, api: *api })?;
            let (page, bytes) = printed.heaviest;
            let out = out.display();
            say(&format!(
                "{} pages in {out}; the heaviest, {page}, loads {} kB",
                printed.pages,
                bytes / 1000
            ));
        }
        Command::Serve { port } => {
            serve::serve(&press, &target.join("book-live"), *port, |said| match said {
                Ok(text) => say(text),
                Err(error) => say(&format!("{error}{}", advice(error))),
            })?;
        }
        Command::Check => {
            let checked = press.check(note)?;
            let (pages, captures) = (checked.pages, checked.captures);
            say(&format!("{pages} pages are right; {captures} commands print what the book says"));
        }
        Command::Capture { all } => {
            let count = press.capture(*all, note)?;
            say(&format!("{count} commands recorded"));
        }
    }
    Ok(())
}

/// What to type, where an error is about what can be typed.
fn advice(error: &Error) -> String {
    let problems = match error {
        Error::Problems(problems) => problems,
        Error::Serve { .. } => {
            return "; --port names another port, --port 0 takes any that is free".into();
        }
        _ => return String::new(),
    };
    let told = |words: &str| problems.iter().any(|problem| problem.what.contains(words));
    let verbs = [
        ("what the code draws now", "`cargo strata book build` draws the figures"),
        ("has no recorded output", "`cargo strata book capture` records what a command prints"),
        ("prints something else now", "`cargo strata book capture --all` records it anew"),
    ];
    let hints: Vec<_> = verbs.into_iter().filter(|(words, _)| told(words)).collect();
    hints.iter().map(|(_, verb)| format!("; {verb}")).collect()
}

fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use mdbook_strata::{Fault, Problem};

    #[test]
    fn only_what_can_be_mended_by_a_verb_names_it() {
        let problems = |fault: Fault| {
            let (file, what) = ("a.md".into(), fault.to_string());
            advice(&Error::Problems(vec![Problem { file, line: 1, what }]))
        };
        assert!(problems(Fault::NoCapture("strata demo".into())).contains("book capture` records"));
        let (command, difference) = ("strata demo".into(), "line 2".into());
        assert!(problems(Fault::Stale { command, difference }).contains("capture --all"));
        assert_eq!(problems(Fault::Argument("an odd one".into())), "");
    }
}
