//! Chapter 6: the loss. Softmax turns a row of scores into probabilities; cross-entropy says how
//! surprised they are by what came.
//!
//! ```text
//! softmax(x)[j] = e^(x[j] - max) / sum_k e^(x[k] - max)
//! loss(x, t)    = -log softmax(x)[t] = logsumexp(x) - x[t]
//! ```
//!
//! A language model's scores are its largest tensor: a row of the vocabulary's length for every
//! token. So the chapter is about touching them as rarely as can be: maximum and sum in one pass
//! (Milakov and Gimelshein, 2018), and a loss whose gradient is written from the scores and one
//! number a row, so that probabilities are never stored.
//!
//! ```
//! use strata_autograd::Var;
//! use strata_device::{Device, Settings};
//! use strata_loss::cross_entropy;
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! let logits = Var::leaf(Tensor::from_slice(&device, &[0f32, 0., 0., 0.], &[1, 4])?);
//! let targets = Tensor::from_slice(&device, &[2u32], &[1])?;
//! let loss = cross_entropy(&logits, &targets)?;
//! assert!((loss.value().item::<f32>()? - 4f32.ln()).abs() < 1e-6); // four equal chances
//! loss.backward()?;
//! assert_eq!(logits.grad().unwrap().to_vec::<f32>()?, [0.25, 0.25, -0.75, 0.25]);
//! # Ok::<(), strata_tensor::Error>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are [`running()`] in `running.rs`: maximum and sum of a row, in one pass.
//!
//! 1. `softmax.rs`, with `kernels/softmax/1_naive.cu` and then `2_online.cu`.
//! 2. `cross_entropy.rs` and `mean.rs`: a loss for each row, and their mean.
//! 3. `cross_entropy_backward.rs`: the gradient, from the scores and one number a row.
//! 4. `softmax_backward.rs` and `var.rs`: the tape.
//! 5. `smoothed.rs` and `smoothed_backward.rs`: label smoothing and class weights, once the rest is clear.

mod args;
mod cpu;
mod cross_entropy;
mod cross_entropy_backward;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod mean;
mod running;
mod smoothed;
mod smoothed_backward;
mod softmax;
mod softmax_backward;
mod var;

pub use cross_entropy::{IGNORE, Loss, cross_entropy_forward};
pub use cross_entropy_backward::cross_entropy_backward;
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use running::{Running, running};
pub use smoothed::{
    CrossEntropy, WeightedLoss, cross_entropy_backward_with, cross_entropy_forward_with,
};
pub use softmax::{log_softmax_forward, softmax_forward};
pub use softmax_backward::{log_softmax_backward, softmax_backward};
pub use var::{LossExt, cross_entropy, cross_entropy_with, log_softmax, softmax};

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![
        softmax::SOFTMAX.info(),
        softmax::LOG_SOFTMAX.info(),
        softmax_backward::SOFTMAX.info(),
        softmax_backward::LOG_SOFTMAX.info(),
        cross_entropy::LADDER.info(),
        mean::SCORED.info(),
        cross_entropy_backward::LADDER.info(),
        smoothed::LADDER.info(),
        mean::WEIGHTED.info(),
        smoothed_backward::LADDER.info(),
    ]
}
