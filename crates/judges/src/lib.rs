//! Strata's exercises: what is asked, and how an answer is judged.
//!
//! A judge takes an answer, a device to run it on, and says what is wrong with it. It opens no file,
//! starts no process and waits for nobody: what a device answers is awaited, so that the same judges
//! sit in a shell and in a page. Who runs them brings the rest, as `strata-grader` does: files,
//! processes, time limits, and the table that a rung of the engine is held to.
//!
//! - [`catalog`]: the exercises and their tasks, read from `solutions/`, the single source.
//! - [`given`], [`stub`], [`wrong`]: what a reader starts from, and the wrong answers that prove the judges.
//! - [`Trial`], [`Question`]: how a kernel is judged; [`rust`]: how a function is.
//! - [`KernelTask`], [`RustTask`]: a task with its judge.
//! - [`endless`](endless()), [`variant`]: what a kernel's text betrays, and its variants for experiments.

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
mod endless;
mod error;
mod failure;
pub mod given;
mod problem;
mod question;
pub mod rust;
pub mod stub;
mod task;
mod trial;
pub mod variant;
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

pub use endless::endless;
pub use error::{Error, Result};
pub use failure::{Failure, Outcome};
pub use problem::{Problem, noise};
pub use question::Question;
pub use task::{KernelTask, RustTask, kernel_task, rust_task};
pub use trial::{Contract, StandIn, Trial, Wait};
pub use verdict::{Language, Rejection, Verdict};
