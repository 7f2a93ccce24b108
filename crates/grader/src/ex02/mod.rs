//! The judges of ex02-autograd.

use crate::KernelTask;

pub mod leak;
pub mod local_rules;
mod near;
mod tape;
pub mod topological;
pub mod unbroadcast;

/// It has no kernel tasks.
pub const KERNELS: &[KernelTask] = &[];
