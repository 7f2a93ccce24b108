//! The judges of ex10-transformer.

use crate::KernelTask;

mod cache;
pub mod cheat;
mod dropout;
mod rotary;
pub mod sampling;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "rotary", judge: rotary::judge, speed: Some(rotary::speed) },
    KernelTask { name: "dropout", judge: dropout::judge, speed: None },
    KernelTask { name: "cache", judge: cache::judge, speed: None },
];
