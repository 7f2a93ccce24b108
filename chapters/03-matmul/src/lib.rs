//! Chapter 3: matrix multiplication, rung by rung. It is nine tenths of the work of a transformer.
//!
//! [`matmul`] multiplies tensors of any batch shape and takes transposes as views; [`gemm_into`]
//! writes into memory that is there already and fuses what would follow: bias, residual, GELU,
//! accumulation. [`column_sum`] is the gradient of a bias. On the tape of chapter 2 stand
//! [`MatmulExt::matmul`], [`linear`] and its variants, and the layer [`Linear`].
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
//!
//! # Where to begin
//! The ten lines to see first are the loops of `cpu/naive.rs`: a product, and nothing else.
//!
//! 1. `gemm.rs`: [`matmul`] and [`gemm_into`], which shapes fit, and what can be fused.
//! 2. `ladder.rs`: the rungs, from `1_naive` up, and which of them takes which product. The kernels are
//!    in `kernels/matmul/`, and the listing of that folder is their order. `tiled.rs` and
//!    `tensor_core.rs` choose tiles, `split.rs` cuts long sums.
//! 3. `cpu/`: the processor's own ladder: `naive.rs`, then `pack.rs` and `threaded.rs`, then the `simd`
//!    files, a microkernel each.
//! 4. `column_sum.rs`, `var.rs`, `linear.rs`: the way back, and the layer.

mod column_sum;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod gemm;
mod grouped;
mod hopper;
mod ladder;
mod linear;
mod split;
mod tensor_core;
mod tiled;
mod var;

pub use column_sum::column_sum;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use gemm::{Epilogue, gemm_into, matmul};
pub use grouped::add_products;
pub use linear::{ActivationBackward, Linear, linear, linear_gelu, linear_residual, linear_tied};
pub use var::MatmulExt;

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![ladder::LADDER.info(), grouped::GROUPED_LADDER.info(), column_sum::LADDER.info()]
}
