//! The command line: every verb with its arguments, and what runs it.

use crate::Judging;
use crate::commands::{
    book, demo, doctor, eval, export, fuzz, generate, inspect, new, soak, test, train,
};
use crate::failure::Outcome;
use crate::ui;
use clap::{Parser, Subcommand};

const EXAMPLES: &str = "\
Start here:
  cargo strata doctor                     what this computer has, and what it lacks
  cargo strata train                      train a 12-million-parameter GPT on stories
  cargo strata generate --checkpoint runs/gpt-12m-stories --prompt \"Once\"
  cargo strata test                       check every kernel on every device that is here
  cargo strata next                       the first exercise; `watch` judges it whenever you save

Environment:
  STRATA_DEVICE=cpu|cuda[:N]|wgpu[:N]     the device where --device is not given
  STRATA_PRECISION=f32|tf32|f16|bf16      how exactly products are made where --precision is not given
  STRATA_NVRTC=/folder                    where NVRTC, CUDA's compiler, lies
  RAYON_NUM_THREADS=N                     threads of the CPU device
  STRATA_TIME_LIMIT=N                     seconds that an answer to an exercise may take (20)
  STRATA_MEMORY_LIMIT=N                   megabytes that it may take (4096)
  STRATA_LIMITS=off                       judge with sizes limited only, for a driver that needs it
  NO_COLOR=1                              no colours";

/// Strata: a textbook you can run.
///
/// Ten chapters, from a strided tensor to a GPT, each kernel in the open as CUDA C++, WGSL and Rust.
/// This command trains the model, lets it write, looks inside, and checks the machine it runs on.
#[derive(Debug, Parser)]
#[command(name = "strata", bin_name = "strata", version, after_help = EXAMPLES, styles = ui::HELP)]
pub struct Cli<E: Judging> {
    /// What to do.
    #[command(subcommand)]
    pub command: Command<E>,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command<E: Judging> {
    /// Train a GPT on stories or on your own text
    Train(Box<train::TrainArgs>),
    /// Let a trained model write
    Generate(generate::GenerateArgs),
    /// Score a text: how well does a model predict it?
    Eval(eval::EvalArgs),
    /// Look inside a checkpoint, a model's graph, or the ladders of kernels
    Inspect(inspect::InspectArgs),
    /// Write a checkpoint's model into a folder of its own, in f32, bf16 or f16
    Export(export::ExportArgs),
    /// Run a chapter's demo
    Demo(demo::DemoArgs),
    /// Say what this computer has, what is missing, and the command that fixes it
    Doctor(doctor::DoctorArgs),
    /// Run all tests
    Test(test::TestArgs),
    /// Try to lose a checkpoint: kills, failing disks, rivals
    Soak(soak::SoakArgs),
    /// Try bad inputs on everything that reads what it did not write
    Fuzz(fuzz::FuzzArgs),
    /// Print the book, serve it, or check it
    Book(book::BookArgs),
    /// Make the skeleton of an op, for those who add to Strata
    New(new::NewArgs),
    #[command(flatten)]
    Judging(E),
}

/// Runs a command; returns the exit code.
///
/// # Errors
/// What the reader should be told.
pub fn run<E: Judging>(command: Command<E>) -> Outcome {
    match command {
        Command::Train(args) => train::run::<E>(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Eval(args) => eval::run(&args),
        Command::Inspect(args) => inspect::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Demo(args) => demo::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Soak(args) => soak::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Fuzz(args) => fuzz::run::<E>(&args),
        Command::Book(args) => book::run(&args),
        Command::New(args) => new::run(&args),
        Command::Judging(verb) => verb.run(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::elsewhere::Elsewhere;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        Cli::<Elsewhere>::command().debug_assert();
    }
}
