//! The judges of ex09-data.

use crate::KernelTask;
use crate::task::kernels;

mod embedding;
mod embedding_backward;
pub mod encode;
pub mod merge;
pub mod windows;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![embedding, embedding_backward];
