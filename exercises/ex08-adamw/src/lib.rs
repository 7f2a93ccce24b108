//! Exercises of chapter 8: optimizers.

pub mod schedule;
pub mod step;
