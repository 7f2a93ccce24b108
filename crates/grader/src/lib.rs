//! Strata's exercises on a reader's machine: workspaces, processes, time limits, reports, progress.
//!
//! One library stands behind `cargo test -p ex03-matmul` and behind the `strata` command, so that
//! both say the same of the same file, on whatever machine they run. What is asked and how an answer
//! is judged is in `strata-judges`, which knows no files and no processes; all of it can be had from
//! here, too.
//!
//! - [`grade`]: one file, one tier, one verdict; [`isolate`] puts it in a process of its own, since
//!   a kernel that never ends takes its process with it.
//! - [`sync`], [`prove`]: `exercises/` from `solutions/`, and the proof of the judges.
//! - [`harness`]: the `main` of every exercise's tests.
//! - [`home`], [`progress`]: where the reader's files are, and which of them were solved.

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

mod contract;
mod error;
mod experiment;
pub mod files;
pub mod grade;
pub mod graded;
pub mod harness;
pub mod home;
pub mod isolate;
pub mod progress;
pub mod prove;
mod sandbox;
pub mod speed;
pub mod sync;
pub mod tiers;
mod tree;

pub use error::{Error, Result};
pub use strata_judges::{
    Failure, KernelTask, Language, Outcome, Question, Rejection, Trial, Verdict, catalog, given,
    kernel_task, rust, stub, wrong,
};
pub use strata_judges::{ex01, ex02, ex03, ex04, ex05, ex06, ex07, ex08, ex09, ex10};
pub use tree::{Change, Changes};
