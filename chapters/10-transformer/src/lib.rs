//! Chapter 10: the transformer, trained. Everything before it in one model: a GPT-2-shaped
//! [`Gpt`], a [`Trainer`](train::Trainer), checkpoints that `transformers` opens, and a
//! [`Generator`] that writes from a KV cache on the device.
//!
//! The forward pass is in `model.rs` and `block.rs`, the step in `train/trainer.rs`, the loop
//! around it in `train/fit.rs`.

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
pub mod train;

pub use cache::{KvCache, LayerCache};
pub use config::GptConfig;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use dropout::{dropout, dropout_add, dropout_forward};
pub use error::{Error, Result};
pub use generate::{Generator, Sampling};
pub use model::{Gpt, Pass};

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<strata_device::LadderInfo> {
    vec![dropout::ladder(), cache::ladder()]
}
