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
        Command::Serve { port } => serve::serve(&press, &target.join("book-live"), *port, say)?,
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
fn advice(error: &Error) -> &'static str {
    match error {
        Error::Problems(_) => {
            "; `cargo strata book build` draws the figures, `capture` records what a command prints, \
             `capture --all` also what it printed before"
        }
        Error::Serve { .. } => "; --port names another port, --port 0 takes any that is free",
        _ => "",
    }
}

fn say(text: &str) {
    // A closed pipe is no reason to fail.
    let _ = writeln!(std::io::stdout(), "{text}");
}

fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}
