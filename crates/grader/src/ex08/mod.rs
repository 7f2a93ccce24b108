//! The judges of ex08-adamw.

use crate::KernelTask;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[];
