//! The judges of ex01-tensor.

use crate::KernelTask;

mod layouts;
mod saxpy;
pub mod strides;
mod transpose;
mod tree;
pub mod views;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "saxpy", judge: saxpy::judge, speed: Some(saxpy::speed) },
    KernelTask { name: "transpose", judge: transpose::judge, speed: Some(transpose::speed) },
    KernelTask { name: "tree", judge: tree::judge, speed: None },
];
