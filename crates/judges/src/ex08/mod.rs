//! The judges of ex08-adamw.

use crate::KernelTask;
use crate::task::kernels;

mod adamw;
mod lion;
mod mistakes;
pub mod schedule;
pub mod step;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![lion + speed, adamw];
