//! `strata fuzz`: bad inputs, by a program of its own, so that training compiles none of it.

use crate::Judging;
use crate::commands::test::workspace;
use crate::failure::{Failure, Outcome};
use clap::Args;
use std::process::Command;

const EXAMPLES: &str = "\
Options:
  --seconds N     How long, all targets together (3600)
  --target NAME   Only this target; can be given several times (--list shows them)
  --seed S        Where random numbers come from: one seed, one sequence of inputs (1)
  --jobs N        Processes at a time (the processors that are here)
  --plain         Without coverage: nothing extra is built, inputs depend on the seed alone
  --input FILE    Try this input once and say what it does

Examples:
  cargo strata fuzz                                   an hour, everything, guided by coverage
  cargo strata fuzz --seconds 120 --seed 1 --plain    what CI runs
  cargo strata fuzz --target tokenizer --seconds 600

CONTRIBUTING.md says how to add a target, and what to do with a finding.";

/// Try bad inputs on everything that reads what it did not write: checkpoints, tokenizers, texts,
/// kernels, exercises, pages, flags, TypeScript's arguments.
///
/// A panic, an abort, more than 10 s, more than 1 GB or a control character on the terminal is a
/// finding: the input is kept in target/fuzz/findings, and the exit code is 1.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct FuzzArgs {
    /// Options, see below
    #[arg(value_name = "OPTIONS", trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

pub fn run<E: Judging>(args: &FuzzArgs) -> Outcome {
    // What is tried must have every verb.
    E::here()?;
    let root = workspace()?;
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", "strata-fuzz", "--manifest-path"]);
    cargo.arg(root.join("Cargo.toml")).arg("--").args(&args.words);
    // Flags and folders are tried on this very program.
    cargo.env("STRATA_FUZZ_BINARY", std::env::current_exe()?);
    let status = cargo
        .status()
        .map_err(|error| Failure::new(format!("cargo could not be started: {error}")))?;
    // A signal leaves no code.
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}
