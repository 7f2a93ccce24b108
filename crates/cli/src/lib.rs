//! The `strata` command: train a GPT, let it write, look inside, and test the machine it runs on.
//!
//! `command.rs` says what can be typed, `commands/` does it (a file or folder each), `ui/` talks to the
//! reader. Two programs are made of it: `strata`, which judges nothing and hands the verbs that do
//! over ([`elsewhere`]), and `strata-practice`, which has them all.

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

pub mod args;
mod command;
mod commands;
pub mod elsewhere;
mod failure;
mod flags;
pub mod precision;
mod typed;
pub mod ui;

pub use args::DeviceArgs;
pub use commands::test::workspace;
pub use failure::{Failure, Outcome};
pub use flags::DOCTOR;

use std::fmt::Debug;
use std::process::ExitCode;
use strata_ml::device::cpu::bounded_threads;
use strata_ml::device::{Device, vet};

/// The verbs that judge, and what other commands ask of them.
pub trait Judging: clap::Subcommand + Debug {
    /// Runs the verb; returns the exit code.
    ///
    /// # Errors
    /// What the reader should be told.
    fn run(self) -> Outcome;

    /// Fails, or leaves for the program that has them, where they are not part of this one.
    ///
    /// # Errors
    /// They are not, and that program cannot be started.
    fn here() -> Outcome<()>;

    /// Opens the device with the reader's own kernels, for `train --mine`.
    ///
    /// # Errors
    /// What the reader should be told.
    fn mine(device: &DeviceArgs) -> Outcome<Device>;
}

/// Does what was typed.
pub fn main<E: Judging>() -> ExitCode {
    // Before anything starts threads.
    let threads = bounded_threads();
    // Started by itself to compile a reader's kernels first, where a crash of the compiler is an answer?
    if let Some(code) = vet::serve() {
        return code;
    }
    ui::install_panic_hook();
    let cli = match typed::read::<E>() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    threads.iter().for_each(|text| ui::warn(text));
    match command::run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
