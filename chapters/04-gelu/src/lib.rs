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

mod backward;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod forward;
pub mod lanes;
pub mod math;
mod mlp;
pub mod roofline;
pub mod simd;
mod var;

pub use backward::gelu_backward;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use forward::gelu_forward;
pub use mlp::Mlp;
pub use var::{GeluExt, gelu, silu};

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![forward::LADDER.info(), backward::LADDER.info()]
}
