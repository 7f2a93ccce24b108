//! The `strata` command: train a GPT, let it write, look inside, and test the machine it runs on.
//!
//! `args.rs` says what can be typed, `commands/` does it (a file or folder each), `ui/` talks to the
//! reader.

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

mod args;
mod commands;
mod failure;
mod flags;
mod typed;
mod ui;

use std::process::ExitCode;
use strata_grader::{Verdict, isolate};
use strata_ml::device::cpu::bounded_threads;
use strata_ml::device::vet;

fn main() -> ExitCode {
    // Before anything starts threads.
    let threads = bounded_threads();
    // Started by itself to judge one kernel? Rust tasks are judged by their own crates' tests.
    let no_rust = |_: &_| Verdict::rejected("device-error", "strata judges kernels only");
    if let Some(code) = isolate::serve(no_rust) {
        return code;
    }
    // Or to compile a reader's kernels first, where a crash of the compiler is an answer?
    if let Some(code) = vet::serve() {
        return code;
    }
    ui::install_panic_hook();
    let cli = match typed::read() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    threads.iter().for_each(|text| ui::warn(text));
    match commands::run(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => failure.report(),
    }
}
