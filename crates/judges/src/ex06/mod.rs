//! The judges of ex06-loss.

use crate::KernelTask;
use crate::task::kernels;

mod gradient;
mod nan;
pub mod online;
mod softmax;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![nan + speed, softmax, gradient];
