//! Chapter 10: the transformer, trained. Everything before it in one model: a GPT-2-shaped
//! [`Gpt`], a [`Trainer`](train::Trainer), checkpoints that `transformers` opens, and a
//! [`Generator`] that writes from a KV cache on the device.
//!
//! # Where to begin
//! The ten lines to see first are `Block::forward` in `block.rs`: the transformer.
//!
//! 1. `config.rs`, `model.rs`, `block.rs`: the forward pass.
//! 2. `train/trainer.rs`: a step; `train/fit.rs`: the loop around it, and what it says while it runs.
//! 3. `cache.rs` and `generate.rs`: writing, a token at a time.
//! 4. `dropout.rs`: an op, with a generator that gives every machine the same numbers.
//! 5. `checkpoint/`: what is saved, and how it is read back to the bit.

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

mod block;
#[cfg(not(target_family = "wasm"))]
mod blocking;
mod cache;
pub mod checkpoint;
mod config;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod dropout;
mod error;
mod generate;
mod model;
mod pass;
pub mod train;

/// Kernels for whoever launches them on grids of their own.
pub mod kernels {
    pub use crate::dropout::{NAIVE as DROPOUT, thin_out};
}

pub use cache::{KvCache, LayerCache};
pub use config::GptConfig;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use dropout::{dropout, dropout_add, dropout_forward};
pub use error::{Error, Result};
pub use generate::{Generator, Sampling};
pub use model::Gpt;
pub use pass::Pass;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<strata_device::LadderInfo> {
    vec![dropout::ladder(), cache::ladder()]
}
