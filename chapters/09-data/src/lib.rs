//! Chapter 09: text in, batches out.
//!
//! A model reads numbers. This chapter makes them: [`stories`] tells the text (and knows exactly
//! how well any model can do on it), [`Tokenizer`] cuts text into tokens it has learned, and
//! [`Dataset`] hands them out in batches that depend on nothing but the seed and the step.

mod cpu_embedding;
mod demo;
mod embedding;
mod error;
mod files;

pub mod dataset;
pub mod random;
pub mod stories;
pub mod tokenizer;

pub use dataset::{Batch, Dataset, IGNORE, Options, Progress, Source, Stage, TokenizerChoice, prepare};
pub use demo::demo;
pub use embedding::{
    embedding, embedding_backward, embedding_forward, embedding_positions_backward, ladders,
};
pub use error::{DataError, Result};
pub use files::write_atomically;
pub use tokenizer::{END_OF_TEXT, Merge, Tokenizer, TokenizerKind, TrainReport};
