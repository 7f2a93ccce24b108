//! Exercises of chapter 6: the loss.

pub mod online;
