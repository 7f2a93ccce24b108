//! The judges of ex05-layernorm.

use crate::KernelTask;
use crate::task::kernels;

mod backward;
mod block;
mod rmsnorm;
pub mod welford;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![rmsnorm + speed, block, backward];
