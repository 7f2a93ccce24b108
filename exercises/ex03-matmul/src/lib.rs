//! Exercises of chapter 3: matrix multiplication.

pub mod blocked;
