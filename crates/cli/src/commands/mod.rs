//! One file, or one folder, for each subcommand, none of which knows the others' list (`command.rs`).

pub mod book;
pub mod demo;
pub mod doctor;
pub mod eval;
pub mod export;
pub mod fuzz;
pub mod generate;
pub mod inspect;
pub mod new;
pub mod soak;
pub mod test;
pub mod train;
