//! Strata, chapter 7: attention, from naive to flash.
//!
//! Each query looks at the keys, turns how well they match into probabilities, and takes that
//! mixture of the values: `softmax(Q K^T / sqrt(d)) V` (Vaswani et al., "Attention is all you
//! need", 2017). The naive rung does just that and stores a probability for every pair of a query
//! and a key. The flash rung (Dao et al., "FlashAttention", 2022) never stores one: it goes through
//! the keys in tiles, keeps a running maximum and sum for each query, and makes probabilities anew
//! in the backward pass from the one number it kept, the log-sum-exp of a query's scores.
//!
//! ```
//! use strata_attention::{Options, forward};
//! use strata_device::{Device, Settings};
//! use strata_tensor::Tensor;
//! let device = Device::open("cpu", Settings::default())?;
//! // One sequence, two heads, four positions, eight numbers each.
//! let [q, k, v] = [1, 2, 3].map(|seed| Tensor::randn(&device, &[1, 2, 4, 8], seed));
//! let (q, k, v) = (q?, k?, v?);
//! let attended = forward(&q, &k, &v, &Options::causal())?;
//! // The first position sees only itself: its output is its own value.
//! let first = |x: &Tensor| x.narrow(2, 0, 1)?.to_vec::<f32>();
//! assert_eq!(first(&attended.out)?, first(&v)?);
//! # Ok::<(), strata_tensor::Error>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are `cpu/naive.rs`: scores, softmax, mixture, for one query.
//!
//! 1. `options.rs` and `heads.rs`: what may be asked, and how heads lie in memory.
//! 2. `forward.rs`: [`forward`], the ladder and its rungs; the shapes are settled in `problem.rs`, what
//!    kernels are told of them in `params.rs`.
//! 3. `kernels/attention/1_naive.cu`, then `3_flash1.cu` with `cpu/flash1.rs`: the same without storing.
//! 4. `backward.rs` with `plan.rs`: three kernels, deterministic. `var.rs` puts both on the tape.

mod backward;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod forward;
mod heads;
mod options;
mod params;
mod plan;
mod problem;
mod var;

pub use backward::{Gradients, backward, backward_qkv};
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use forward::{Attended, attention_weights, forward};
pub use heads::{merge_heads, split_heads, split_qkv};
pub use options::{Dropout, Options};
pub use var::{AttentionExt, attention, attention_qkv};

use strata_device::LadderInfo;

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![forward::LADDER.info(), backward::LADDER.info()]
}
