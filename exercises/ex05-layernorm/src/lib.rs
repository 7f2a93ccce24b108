//! Exercises of chapter 5: layer normalisation.

pub mod welford;
