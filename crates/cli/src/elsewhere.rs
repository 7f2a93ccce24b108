//! The verbs that judge, for a program that has none of them: the same words go to
//! `strata-practice`, which cargo builds the first time.

use crate::{DeviceArgs, Failure, Judging, Outcome, ui, workspace};
use clap::{Args, Subcommand};
use std::env::{args_os, consts::EXE_SUFFIX, current_exe, var_os};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;
use strata_ml::device::Device;

/// The program that judges.
const PROGRAM: &str = "strata-practice";

/// A verb that is handed over, whatever follows it.
#[derive(Debug, Subcommand)]
pub enum Elsewhere {
    /// List the exercises, and how far you are with each task
    #[command(disable_help_flag = true)]
    List(Words),
    /// Show the next task: what to do, where, and how it is judged
    #[command(disable_help_flag = true)]
    Next(Words),
    /// Judge whenever you save: task, goal and verdict on one screen
    #[command(disable_help_flag = true)]
    Watch(Words),
    /// Judge your answers
    #[command(disable_help_flag = true)]
    Check(Words),
    /// Give a hint; asked again, the next one
    #[command(disable_help_flag = true)]
    Hint(Words),
    /// Set your answer beside ours: numbers, source, speed
    #[command(disable_help_flag = true)]
    Diff(Words),
    /// Begin a task anew; what you wrote is kept
    #[command(disable_help_flag = true)]
    Reset(Words),
    /// Show our answer to a task
    #[command(disable_help_flag = true)]
    Reveal(Words),
    /// Show how far you are, and how much is left
    #[command(disable_help_flag = true)]
    Progress(Words),
    /// Make your own workspace of exercises; generate and prove them
    #[command(disable_help_flag = true)]
    Exercises(Words),
    /// Check every op, on every rung, on every device, against float64 loops
    #[command(disable_help_flag = true)]
    Parity(Words),
    /// Time every rung and set it against what the machine can do
    #[command(disable_help_flag = true)]
    Bench(Words),
    /// Pack one binary and a script for a GPU machine without Rust
    #[command(disable_help_flag = true)]
    Bundle(Words),
}

/// What follows the verb; the other program reads it.
#[derive(Args, Debug)]
pub struct Words {
    #[arg(value_name = "WORDS", trailing_var_arg = true, allow_hyphen_values = true)]
    _words: Vec<OsString>,
}

impl Judging for Elsewhere {
    fn run(self) -> Outcome {
        Err(leave())
    }

    fn here() -> Outcome<()> {
        Err(leave())
    }

    fn mine(_: &DeviceArgs) -> Outcome<Device> {
        Err(leave())
    }
}

/// Hands the command line over. Comes back only if that fails.
fn leave() -> Failure {
    let built = current_exe().ok().map(|own| own.with_file_name(format!("{PROGRAM}{EXE_SUFFIX}")));
    let there = built.as_ref().is_some_and(|path| path.is_file());
    let mut command = match (workspace(), built) {
        // Cargo knows whether it is up to date.
        (Ok(root), _) => by_cargo(root, there),
        (Err(_), Some(path)) if there => Command::new(path),
        (Err(_), _) => {
            return Failure::new(format!(
                "what judges kernels and exercises is {PROGRAM}, which does not lie beside this program, and there \
                 is no clone of Strata here to build it from"
            ));
        }
    };
    become_it(command.args(args_os().skip(1)))
}

fn by_cargo(root: PathBuf, there: bool) -> Command {
    // Whoever captures what a verb prints captures the same the first time.
    if !there && ui::watched() {
        ui::note(&format!(
            "{}Building{:#} what judges kernels and exercises, once",
            ui::HEAD,
            ui::HEAD
        ));
    }
    let mut cargo = Command::new(var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", PROGRAM, "--manifest-path"]);
    cargo.arg(root.join("Cargo.toml")).arg("--");
    cargo
}

/// The other program takes the place of this one: keys, signals and the exit code are its own.
#[cfg(unix)]
fn become_it(command: &mut Command) -> Failure {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    not_started(command, &error)
}

/// Waits for the other program, and ends as it does.
#[cfg(not(unix))]
fn become_it(command: &mut Command) -> Failure {
    match command.status() {
        Ok(status) => std::process::exit(status.code().unwrap_or(1)),
        Err(error) => not_started(command, &error),
    }
}

fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("{} could not be started: {error}", command.get_program().display()))
}
