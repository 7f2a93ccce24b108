//! Chapter 5: layer normalization (Ba, Kiros and Hinton, 2016). Every row of activations is shifted
//! to mean 0 and scaled to variance 1, then given a learned gain and bias:
//!
//! ```text
//! y = (x - mean) * rstd * gamma + beta,   rstd = 1 / sqrt(var + eps)
//! ```
//!
//! The chapter is about reductions along rows. Every element is needed twice (once for the
//! statistics, once to be normalized) but should come from memory once. And about sums over rows:
//! the gains' gradients add up what thousands of workgroups know, in the same order every time.
//!
//! ```
//! use strata_device::{Device, Settings};
//! use strata_layernorm::layernorm_forward;
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! let x = Tensor::from_slice(&device, &[1f32, 3., 10., 30.], &[2, 2])?;
//! let (gamma, beta) = (Tensor::ones(&device, &[2])?, Tensor::full(&device, &[2], 0.5)?);
//! let y = layernorm_forward(&x, &gamma, &beta, 0.0)?;
//! assert_eq!(y.out.to_vec::<f32>()?, [-0.5, 1.5, -0.5, 1.5]);
//! assert_eq!(y.mean.to_vec::<f32>()?, [2.0, 20.0]);
//! # Ok::<(), strata_tensor::Error>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are `normalize` in `forward.rs`: what the kernel takes, declared once for
//! CUDA, WGSL and Rust.
//!
//! 1. `forward.rs` with `kernels/layernorm/1_naive.cu`, then `2_block.cu`: a row, a workgroup, two sums.
//! 2. `cpu/forward.rs`: the same on the processor.
//! 3. `backward.rs` with `cpu/backward.rs`: the gains' gradients, in two stages and always one order.
//! 4. `residual.rs`: the addition before it, fused, and all of an op in one file. `args.rs` holds what the
//!    three check and launch alike.
//! 5. `var.rs`: the tape, and the layer [`LayerNorm`].

mod args;
mod backward;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod forward;
mod residual;
mod var;

pub use backward::{ParameterGrads, layernorm_backward};
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use forward::{Normalized, layernorm_forward};
pub use residual::{residual_layernorm, residual_layernorm_forward};
pub use var::{LayerNorm, LayerNormExt, layernorm};

/// Kernels for whoever launches them on grids of their own.
pub mod kernels {
    pub use crate::forward::{BLOCK, normalize};
}

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![forward::LADDER.info(), residual::LADDER.info(), backward::LADDER.info()]
}
