//! The judges of ex04-gelu.

use crate::KernelTask;
use crate::task::kernels;

mod backward;
pub mod derivative;
mod swiglu;
mod vectorized;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![swiglu + speed, backward, vectorized];
