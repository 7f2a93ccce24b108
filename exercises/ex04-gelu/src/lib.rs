//! Exercises of chapter 4: activations.

pub mod derivative;
