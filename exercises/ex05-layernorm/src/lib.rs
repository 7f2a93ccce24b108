//! Exercises of chapter 5: layer normalization.

pub mod welford;
