//! The judges of ex09-data.

use crate::KernelTask;

mod embedding;
mod embedding_backward;
pub mod encode;
pub mod merge;
pub mod windows;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "embedding", judge: embedding::judge, speed: None },
    KernelTask { name: "embedding_backward", judge: embedding_backward::judge, speed: None },
];
