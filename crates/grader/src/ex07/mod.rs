//! The judges of ex07-attention.

use crate::KernelTask;

mod delta;
mod flash;
pub mod one_query;
mod slips;
mod window;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "window", judge: window::judge, speed: Some(window::speed) },
    KernelTask { name: "delta", judge: delta::judge, speed: None },
    KernelTask { name: "flash", judge: flash::judge, speed: None },
];
