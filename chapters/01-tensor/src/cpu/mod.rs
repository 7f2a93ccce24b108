//! The CPU bodies of chapter 1's kernels: the same params as their CUDA and WGSL twins.

mod cast;
mod elementwise;
mod reduce;
mod walk;

pub(crate) use cast::cast;
pub(crate) use elementwise::{accumulate, copy, fill, map, zip};
pub(crate) use reduce::{argmax, reduce};
