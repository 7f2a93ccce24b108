//! Running the built command.
#![allow(dead_code)]

#[path = "../../../cli/tests/common/mod.rs"]
mod command;
pub mod workspace;

pub use command::*;
