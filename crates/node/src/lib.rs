//! The addon behind the npm package `strata-ml`. What it exports is the interface of
//! `ts/packages/strata/src/native.ts`, function by function; that file says what each means.
//!
//! Tensors cross the border as numbers into a table (`table.rs`), everything else as classes. Work
//! that takes long runs off JavaScript's thread (`job.rs`). Errors are the package's own class, with
//! a code (`failure.rs`), and no panic gets past `guard.rs`.

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

mod autograd;
mod checkpoint;
mod choose;
mod create;
mod data;
mod describe;
mod device;
mod events;
mod failure;
mod fit;
mod gpt;
mod graph;
mod guard;
mod job;
mod ladders;
mod layers;
mod lent;
mod maths;
mod memory;
mod numbers;
mod optim;
mod schedule;
mod shapes;
mod shown;
mod stories;
mod table;
mod threads;
mod tokenizer;
mod trainer;
mod writer;

use napi_derive::napi;

/// The version of the engine, which must be the package's.
#[napi]
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
