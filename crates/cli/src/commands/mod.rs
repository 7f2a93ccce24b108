//! One file, or one folder, for each subcommand.

pub mod bench;
pub mod book;
pub mod bundle;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod fuzz;
pub mod generate;
pub mod inspect;
pub mod new;
pub mod parity;
pub mod soak;
pub mod test;
pub mod train;

use crate::Exercises;
use crate::args::Command;
use crate::failure::Outcome;

/// Runs a command; returns the exit code.
///
/// # Errors
/// What the reader should be told.
pub fn run<E: Exercises>(command: Command<E>) -> Outcome {
    match command {
        Command::Train(args) => train::run::<E>(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Parity(args) => parity::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Fuzz(args) => fuzz::run::<E>(&args),
        Command::Book(args) => book::run(&args),
        Command::Bundle(args) => bundle::run::<E>(&args),
        Command::New(args) => new::run(&args),
        Command::Exercises(verb) => verb.run(),
    }
}
