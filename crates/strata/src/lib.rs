//! Strata: a textbook you can run. This crate is the door: it re-exports the ten chapters, each of
//! which adds one layer of a machine-learning stack, from a strided tensor to a trained GPT.
//!
//! ```
//! use strata_ml::prelude::*;
//! let device = Device::open("cpu", Settings::default())?;
//! let x = Var::leaf(Tensor::from_slice(&device, &[-1f32, 0., 2.], &[3])?);
//! let y = x.gelu()?.sum_all()?;
//! y.backward()?;
//! assert_eq!(x.grad().unwrap().shape(), [3]);
//! # Ok::<(), strata_ml::tensor::Error>(())
//! ```
//!
//! | chapter | module | what it adds |
//! |---|---|---|
//! | 01 | [`tensor`] | storage, shape, strides, views, broadcasting |
//! | 02 | [`autograd`] | the tape: forward and backward |
//! | 03 | [`matmul`] | the layer that is 90 % of the work |
//! | 04 | [`gelu`] | activations, fusion, the roofline |
//! | 05 | [`layernorm`] | row reductions |
//! | 06 | [`loss`] | softmax and cross-entropy |
//! | 07 | [`attention`] | attention in O(T) memory |
//! | 08 | [`adamw`] | the training step |
//! | 09 | [`data`] | text in, batches out |
//! | 10 | [`transformer`] | the model, trained |
//!
//! [`device`] is what all of them run on: the CPU, any GPU through WebGPU, an NVIDIA card through
//! CUDA, chosen at run time.

pub mod ceiling;
#[cfg(not(target_family = "wasm"))]
mod demos;

#[cfg(not(target_family = "wasm"))]
pub use demos::{Demo, demos};
pub use strata_adamw as adamw;
pub use strata_attention as attention;
pub use strata_autograd as autograd;
pub use strata_data as data;
pub use strata_device as device;
pub use strata_gelu as gelu;
pub use strata_layernorm as layernorm;
pub use strata_loss as loss;
pub use strata_matmul as matmul;
pub use strata_tensor as tensor;
pub use strata_transformer as transformer;

/// What almost every program needs: the tensor, the variable, and the methods chapters add to them.
pub mod prelude {
    pub use crate::autograd::{Module, Var, no_grad};
    pub use crate::device::{DType, Device, Settings};
    pub use crate::gelu::GeluExt;
    pub use crate::layernorm::LayerNormExt;
    pub use crate::tensor::Tensor;
}

/// The ladders of every chapter: each op with its rungs, lowest first.
pub fn ladders() -> Vec<device::LadderInfo> {
    [
        tensor::ops::ladders(),
        matmul::ladders(),
        gelu::ladders(),
        layernorm::ladders(),
        loss::ladders(),
        attention::ladders(),
        adamw::ladders(),
        data::ladders(),
        transformer::ladders(),
    ]
    .concat()
}
