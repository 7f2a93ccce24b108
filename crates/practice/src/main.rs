//! `strata` with the verbs that judge, kernels, speed and answers to exercises: the program that `cargo
//! strata parity`, `bench`, `list`, `watch`, `check` and the like run, and that `cargo strata bundle` packs.
//!
//! Everything else it does as `strata` does, by the library of `strata-cli`.

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

mod commands;
mod verbs;

// The verbs talk as the other commands do.
use strata_cli::ui;
/// How a command fails.
mod failure {
    pub use strata_cli::{Failure, Outcome};
}

use std::process::ExitCode;
use strata_grader::{Verdict, isolate};
use strata_ml::device::cpu::bounded_threads;

fn main() -> ExitCode {
    // Before anything starts threads.
    let _ = bounded_threads();
    // Started by itself to judge one kernel? Rust tasks are judged by their own crates' tests.
    let no_rust = |_: &_| Verdict::rejected("device-error", "strata judges kernels only");
    if let Some(code) = isolate::serve(no_rust) {
        return code;
    }
    strata_cli::main::<verbs::Verb>()
}
