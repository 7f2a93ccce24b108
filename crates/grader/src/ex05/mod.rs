//! The judges of ex05-layernorm.

use crate::KernelTask;

mod backward;
mod block;
mod rmsnorm;
pub mod welford;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "rmsnorm", judge: rmsnorm::judge, speed: Some(rmsnorm::speed) },
    KernelTask { name: "block", judge: block::judge, speed: None },
    KernelTask { name: "backward", judge: backward::judge, speed: None },
];
