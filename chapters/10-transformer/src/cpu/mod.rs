//! The CPU bodies of this chapter's kernels: the same params as their CUDA and WGSL twins.

mod dropout;
mod kv_append;

pub(crate) use dropout::dropout;
pub(crate) use kv_append::kv_append;
