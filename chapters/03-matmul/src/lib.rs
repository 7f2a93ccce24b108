//! Chapter 3: matrix multiplication, rung by rung. It is nine tenths of the work of a transformer.
//!
//! [`matmul`] multiplies tensors of any batch shape and takes transposes as views; [`gemm_into`]
//! writes into memory that is there already and fuses what would follow: bias, residual, GELU,
//! accumulation. [`column_sum`] is the gradient of a bias.
//!
//! ```
//! use strata_device::{Device, Settings};
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! let x = Tensor::randn(&device, &[4, 16, 32], 1)?;
//! let w = Tensor::randn(&device, &[32, 8], 2)?;
//! assert_eq!(strata_matmul::matmul(&x, &w)?.shape(), [4, 16, 8]);
//! # Ok::<(), strata_tensor::Error>(())
//! ```

mod column_sum;
mod cpu;
mod gemm;
mod ladder;

pub use column_sum::column_sum;
pub use gemm::{Epilogue, gemm_into, matmul};

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![ladder::LADDER.info(), column_sum::LADDER.info()]
}
