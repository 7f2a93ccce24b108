//! The judges of ex07-attention.

use crate::KernelTask;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[];
