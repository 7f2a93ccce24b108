//! The judges of ex09-data.

use crate::KernelTask;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[];
