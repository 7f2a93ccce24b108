//! The judges of ex01-tensor.

use crate::KernelTask;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[];
