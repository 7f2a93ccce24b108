//! Exercises of chapter 3: matrix multiplication.
