//! The judges of ex07-attention.

use crate::KernelTask;
use crate::task::kernels;

mod delta;
mod flash;
pub mod one_query;
mod slips;
mod window;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![window + speed, delta, flash];
