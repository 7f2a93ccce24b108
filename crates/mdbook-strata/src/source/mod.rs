//! Code as it stands in the tree: parts of files, and how they are coloured.

pub mod highlight;
pub mod kernel;
mod lex;
pub mod region;
pub mod rust;
