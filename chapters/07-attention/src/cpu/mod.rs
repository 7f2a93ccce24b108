//! Attention on the processor.
mod delta;
mod flash1;
mod flash1_backward;
mod left_out;
mod naive;
mod naive_backward;
mod pack;
mod pairs;
mod rows;
mod simd;

pub(crate) use delta::delta;
pub(crate) use flash1::flash1;
pub(crate) use flash1_backward::{dkdv, dq};
pub(crate) use naive::{scores, softmax, weighted_sum};
pub(crate) use naive_backward::{naive_dkdv, naive_dq, probabilities, softmax_backward};
