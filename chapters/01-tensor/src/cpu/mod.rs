//! The CPU bodies of chapter 1's kernels: the same params as their CUDA and WGSL twins.

mod cast;
mod copy;
mod elementwise;
mod functions;
mod reduce;
mod walk;

pub(crate) use cast::cast;
pub(crate) use copy::copy;
pub(crate) use elementwise::{accumulate, fill, map, zip};
pub(crate) use reduce::{argmax, reduce};
