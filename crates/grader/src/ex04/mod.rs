//! The judges of ex04-gelu.

use crate::KernelTask;

mod backward;
pub mod derivative;
mod swiglu;
mod vectorized;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "swiglu", judge: swiglu::judge, speed: Some(swiglu::speed) },
    KernelTask { name: "backward", judge: backward::judge, speed: None },
    KernelTask { name: "vectorized", judge: vectorized::judge, speed: None },
];
