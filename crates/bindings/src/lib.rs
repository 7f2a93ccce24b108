//! The engine as JavaScript sees it, whatever carries it there: the addon of Node, Bun and Deno
//! (`crates/node`), or a WebAssembly module in a page. It is what
//! `ts/packages/strata/src/native.ts` writes down, function by function, in plain Rust: numbers,
//! strings, lists. That file says what each one means.
//!
//! Read `exports.rs` first: how a function gets from here to JavaScript. Tensors cross the border as
//! numbers into a table (`table.rs`), everything else as classes; what JavaScript's numbers may be is
//! checked in `numbers.rs`; every error is a code and a sentence (`error.rs`). What takes long or
//! waits for a device is a [`Job`] (`job.rs`), which an addon runs on another thread and a page
//! between two turns of its own.

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
// A lock that is held across an await is one that nobody waits for: `take` in `trainer.rs`.
#![expect(clippy::await_holding_lock)]

#[macro_use]
mod error;
#[macro_use]
mod exports;

mod autograd;
mod checkpoint;
mod choose;
mod clip;
mod create;
mod data;
mod describe;
mod device;
mod gpt;
mod graph;
mod job;
mod ladders;
mod layers;
mod maths;
mod memory;
mod numbers;
mod optim;
mod run;
mod schedule;
mod shapes;
mod stories;
mod table;
mod tokenizer;
mod trainer;
mod writer;

pub use autograd::*;
pub use checkpoint::*;
pub use choose::*;
pub use clip::*;
pub use create::*;
pub use data::*;
pub use describe::*;
pub use device::*;
pub use error::*;
pub use exports::*;
pub use gpt::*;
pub use graph::*;
pub use job::*;
pub use ladders::*;
pub use layers::*;
pub use maths::*;
pub use memory::*;
pub use optim::*;
pub use run::*;
pub use schedule::*;
pub use shapes::*;
pub use stories::*;
pub use table::*;
pub use tokenizer::*;
pub use trainer::*;
pub use writer::*;

use strata_ml as engine;

/// The version of the engine, which must be the package's.
pub fn version() -> Result<String> {
    Ok(env!("CARGO_PKG_VERSION").into())
}
