//! The chapter's kernels on the processor. A row of logits is 16 KiB: once read it lies in a near
//! cache, so that a pass for the maximum and one for the sum cost little more than one for both.
mod cross_entropy;
mod mean;
mod smoothed;
mod softmax;

pub(crate) use cross_entropy::{
    backward_block, backward_naive, cross_entropy_naive, cross_entropy_online,
};
pub(crate) use mean::{mean_parts, mean_total, weighted_parts, weighted_total};
pub(crate) use smoothed::{smoothed_backward, smoothed_block, smoothed_naive};
pub(crate) use softmax::{
    softmax_backward_block, softmax_backward_naive, softmax_naive, softmax_online,
};

/// Elements one task works on.
const CHUNK: usize = 16 << 10;

/// Rows one task works on.
fn rows_per_task(width: usize) -> usize {
    (CHUNK / width).max(1)
}
