//! The judges of ex08-adamw.

use crate::KernelTask;

mod adamw;
mod lion;
mod mistakes;
pub mod schedule;
pub mod step;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "lion", judge: lion::judge, speed: Some(lion::speed) },
    KernelTask { name: "adamw", judge: adamw::judge, speed: None },
];
