//! The judges of ex03-matmul.

use crate::KernelTask;

mod tiled;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] =
    &[KernelTask { name: "tiled", judge: tiled::judge, speed: None }];
