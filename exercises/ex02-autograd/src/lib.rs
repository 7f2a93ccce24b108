//! Exercises of chapter 2: the chain rule, one piece after the other, and a loop that leaks.

pub mod leak;
pub mod local_rules;
pub mod topological;
pub mod unbroadcast;
