//! Exercises of chapter 9: text in, batches out.

pub mod encode;
pub mod merge;
pub mod windows;
