//! Strata's exercises: what is asked, how an answer is judged, what was solved.
//!
//! One library stands behind `cargo test -p ex03-matmul` and behind the `strata` command, so that
//! both say the same of the same file, on whatever machine they run.
//!
//! - [`catalog`]: the exercises and their tasks, read from `solutions/`, the single source.
//! - [`stub`], [`sync`], [`wrong`]: what a reader starts from, and the wrong answers that prove the
//!   judges.
//! - [`Trial`], [`Question`]: how a kernel is judged; [`rust`]: how a function is.
//! - [`grade`]: one file, one tier, one verdict; [`isolate`] puts it in a process of its own, since
//!   a kernel that never ends takes its process with it.
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

pub mod catalog;
mod contract;
mod endless;
mod error;
mod experiment;
mod failure;
pub mod files;
pub mod grade;
pub mod graded;
pub mod harness;
pub mod home;
pub mod isolate;
pub mod progress;
pub mod prove;
mod question;
pub mod rust;
mod sandbox;
pub mod speed;
pub mod stub;
pub mod sync;
mod task;
pub mod tiers;
mod tree;
mod trial;
mod variant;
mod verdict;
pub mod wrong;

pub mod ex01;
pub mod ex02;
pub mod ex03;
pub mod ex04;
pub mod ex05;
pub mod ex06;
pub mod ex07;
pub mod ex08;
pub mod ex09;
pub mod ex10;

pub use error::{Error, Result};
pub use failure::{Failure, Outcome};
pub use question::Question;
pub use task::{KernelTask, kernel_task};
pub use tree::{Change, Report};
pub use trial::Trial;
pub use verdict::{Language, Rejection, Verdict};
