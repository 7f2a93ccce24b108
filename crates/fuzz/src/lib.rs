//! Bad inputs for everything in Strata that reads what it did not write.
//!
//! A [`Target`] is a plain function that takes bytes and panics only on a real fault: a panic, an
//! abort, a hang, memory beyond a gigabyte, a control character that reaches the terminal. What it
//! is given are good inputs from the tree and from `corpus/`, damaged at the level of what they are
//! ([`mutate`]): other types, huge numbers, deep nesting, keys twice, heads that lie.
//!
//! - [`targets`]: what reads files, in this process. [`outside`]: the `strata` command itself, in a
//!   process of its own with limits.
//! - [`worker`]: tries inputs one after another; a fault that ends it is seen by [`drive`], which
//!   starts the next one, shares out the time, and keeps what was found.
//! - [`guided`]: the same targets under libFuzzer, which keeps inputs that reach new code.

pub mod drive;
mod faults;
pub mod finding;
pub mod guided;
pub mod limits;
pub mod mutate;
pub mod outside;
pub mod pack;
mod random;
mod scratch;
mod seeds;
mod target;
pub mod targets;
pub mod worker;

pub use pack::Pack;
pub use random::Random;
pub use scratch::scratch;
pub use target::{Kind, Target, all, find};
