//! LayerNorm on the processor: a row is 1 to 30 KiB, so after the first pass over it, it lies in
//! the nearest cache, and the second and third pass cost little.
mod backward;
mod forward;

pub(crate) use backward::{
    backward_block, backward_naive, backward_wide, parameters_block, parameters_naive,
};
pub(crate) use forward::{Rows, layernorm_block, layernorm_naive, plain};

/// Elements one task works on.
const CHUNK: usize = 16 << 10;

/// Rows one task works on.
pub(crate) fn rows_per_task(width: usize) -> usize {
    (CHUNK / width).max(1)
}
