//! Exercises of chapter 7: attention.

pub mod one_query;
