//! The judges of ex10-transformer.

use crate::KernelTask;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[];
