//! The judges of ex03-matmul.

use crate::KernelTask;

pub mod blocked;
mod column_sum;
mod race;
mod tiled;
mod transposed;

/// Its kernel tasks.
pub const KERNELS: &[KernelTask] = &[
    KernelTask { name: "column_sum", judge: column_sum::judge, speed: None },
    KernelTask { name: "tiled", judge: tiled::judge, speed: None },
    KernelTask { name: "race", judge: race::judge, speed: Some(race::speed) },
    KernelTask { name: "transposed", judge: transposed::judge, speed: Some(transposed::speed) },
];
