//! Chapter 09: text in, batches out.
//!
//! A model reads numbers. This chapter makes them: [`stories`] tells the text (and knows exactly
//! how well any model can do on it), [`Tokenizer`] splits text into tokens it has learned, and
//! [`Dataset`] hands them out in batches that depend on nothing but the seed and the step.
//!
//! ```
//! use strata_data::{Options, Source, TokenizerChoice, TokenizerKind, prepare};
//!
//! let options = Options {
//!     source: Source::Stories,
//!     tokenizer: TokenizerChoice::Train(TokenizerKind::Bpe),
//!     vocab_size: 4096,
//!     context: 256,
//!     seed: 1,
//! };
//! let data = prepare(options, &mut |_progress| {})?;
//! let batch = data.train(0, 4);
//! assert_eq!(batch.inputs.len(), 4 * 256);
//! println!("no model can beat {:.3} nats a token here", batch.floor().unwrap());
//! # Ok::<(), strata_data::DataError>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are [`Dataset::train`]: a batch, made of nothing but the seed and the step.
//!
//! 1. `stories/grammar.rs` and `stories/tell.rs`: the text. `stories/entropy.rs`: its floor, exactly.
//! 2. `tokenizer/train.rs` and `tokenizer/encode.rs`: byte pairs, learned and used; `load.rs` and `save.rs`
//!    only speak the files of `tokenizers`.
//! 3. `dataset/`: text and stories become rows.
//! 4. `embedding.rs`: the one op of the chapter, tokens to vectors and back.

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

mod cpu_embedding;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod embedding;
mod error;
mod files;

pub mod dataset;
pub mod random;
pub mod stories;
pub mod tokenizer;

pub use dataset::{
    Batch, Dataset, IGNORE, Options, Part, Progress, Source, Stage, TokenizerChoice, prepare,
    prepare_to_score,
};
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use embedding::{
    embedding, embedding_as, embedding_backward, embedding_forward, embedding_forward_as,
    embedding_positions_backward, ladders,
};
pub use error::{DataError, Result};
pub use files::write_atomically;
pub use tokenizer::{Decoder, END_OF_TEXT, Merge, Tokenizer, TokenizerKind, TrainReport};
