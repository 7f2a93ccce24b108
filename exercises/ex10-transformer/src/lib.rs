//! Exercises of chapter 10: the transformer.

pub mod cheat;
pub mod sampling;
