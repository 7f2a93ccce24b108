//! The judges of ex03-matmul.

use crate::KernelTask;
use crate::task::kernels;

pub mod blocked;
mod column_sum;
mod race;
mod tiled;
mod transposed;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![column_sum, tiled, race + speed, transposed + speed];
