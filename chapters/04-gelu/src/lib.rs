//! Chapter 4: the activation. A network of matrix products alone is one matrix product; what
//! stands between them must bend.
//!
//! GPT-2 bends with GELU in its tanh form (Hendrycks and Gimpel, 2016):
//!
//! ```text
//! gelu(x) = x/2 (1 + tanh u),   u = sqrt(2/pi) (x + 0.044715 x^3)
//! ```
//!
//! It costs about 20 operations for 8 bytes moved, so on every machine it is memory that decides
//! how long it takes: [`roofline`] shows how to see that before running anything.
//!
//! ```
//! use strata_autograd::Var;
//! use strata_device::{Device, Settings};
//! use strata_gelu::gelu;
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! let x = Var::leaf(Tensor::from_slice(&device, &[-1f32, 0., 1.], &[3])?);
//! let y = gelu(&x)?;
//! assert!((y.value().to_vec::<f32>()?[2] - 0.841192).abs() < 1e-6);
//! # Ok::<(), strata_tensor::Error>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are `gelu_naive` in `cpu.rs`: the formula, an element at a time.
//!
//! 1. `forward.rs`: an op from its arguments to its function, in fifty lines; then `kernels/gelu/`.
//! 2. `roofline.rs`: how long that should take, before anything has run.
//! 3. `cpu.rs` after that: eight elements at once, and the slope.
//! 4. `backward.rs`, `var.rs`, `mlp.rs`: the way back, the tape, the layer.

mod backward;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod forward;
mod mlp;
pub mod roofline;
mod var;

pub use backward::gelu_backward;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use forward::gelu_forward;
pub use mlp::{Mlp, linear_gelu};
pub use var::{GeluExt, gelu, silu};

/// Kernels for whoever launches them on grids and buffers of their own.
pub mod kernels {
    pub use crate::forward::{VECTORIZED, activate};
}

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![forward::LADDER.info(), backward::LADDER.info()]
}
