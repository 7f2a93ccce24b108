//! The CPU bodies: the same bindings and params as their CUDA and WGSL twins.

mod column_sum;
mod gelu;
mod micro;
mod naive;
mod pack;
mod portable;
mod problem;
mod scratch;
mod simd;
#[cfg(target_arch = "aarch64")]
mod simd_neon;
#[cfg(target_arch = "x86_64")]
mod simd_x86;
mod small;
mod tasks;
mod threaded;

pub(crate) use column_sum::column_sum;
pub(crate) use naive::naive;
pub(crate) use threaded::threaded;
