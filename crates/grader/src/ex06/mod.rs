//! The judges of ex06-loss.

use crate::KernelTask;

mod gradient;
mod nan;
pub mod online;
mod softmax;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "nan", judge: nan::judge, speed: Some(nan::speed) },
    KernelTask { name: "softmax", judge: softmax::judge, speed: None },
    KernelTask { name: "gradient", judge: gradient::judge, speed: None },
];
