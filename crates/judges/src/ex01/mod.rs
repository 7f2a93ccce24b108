//! The judges of ex01-tensor.

use crate::KernelTask;
use crate::task::kernels;

mod layouts;
mod saxpy;
pub mod strides;
mod transpose;
mod tree;
pub mod views;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = kernels![saxpy + speed, transpose + speed, tree];
