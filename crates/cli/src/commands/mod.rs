//! One file, or one folder, for each subcommand.

pub mod bench;
pub mod book;
pub mod bundle;
pub mod check;
pub mod demo;
pub mod diff;
pub mod doctor;
pub mod eval;
pub mod exercises;
pub mod fuzz;
pub mod generate;
pub mod hint;
pub mod inspect;
pub mod list;
pub mod new;
pub mod next;
pub mod parity;
pub mod practice;
pub mod progress;
pub mod reset;
pub mod reveal;
pub mod soak;
pub mod test;
pub mod train;
pub mod watch;

use crate::args::Command;
use crate::failure::Outcome;

/// Runs a command; returns the exit code.
///
/// # Errors
/// What the reader should be told.
pub fn run(command: Command) -> Outcome {
    match command {
        Command::Train(args) => train::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Parity(args) => parity::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Fuzz(args) => fuzz::run(&args),
        Command::Book(args) => book::run(&args),
        Command::Bundle(args) => bundle::run(&args),
        Command::New(args) => new::run(&args),
        Command::List(args) => list::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Next(args) => next::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Hint(args) => hint::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Reset(args) => reset::run(&args),
        Command::Reveal(args) => reveal::run(&args),
        Command::Progress(args) => progress::run(&args),
        Command::Exercises(args) => exercises::run(&args),
    }
}
