//! The CPU bodies of chapter 1's kernels: the same params as their CUDA and WGSL twins.

mod cast;
mod choose;
mod copy;
mod cumsum;
mod elementwise;
mod gather;
mod integers;
mod multinomial;
mod reduce;
mod topk;
mod walk;

pub(crate) use cast::cast;
pub(crate) use choose::{choose, one_hot, triangle};
pub(crate) use copy::copy;
pub(crate) use cumsum::cumsum;
pub(crate) use elementwise::{accumulate, fill, map, zip};
pub(crate) use gather::{gather, scatter_add};
pub(crate) use integers::zip_integers;
pub(crate) use multinomial::multinomial;
pub(crate) use reduce::{argmax, reduce};
pub(crate) use topk::topk;
