//! The judges of ex10-transformer.

use crate::KernelTask;
use crate::task::kernels;

mod cache;
pub mod cheat;
mod dropout;
mod rotary;
pub mod sampling;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![rotary + speed, dropout, cache];
