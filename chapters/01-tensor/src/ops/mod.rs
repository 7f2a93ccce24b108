//! The ops of chapter 1: fill, copy, cast, map, zip, accumulate, reduce.
//!
//! Each is a file: the arguments, the ladder, and the function that calls it. Their kernels lie in
//! `kernels/<op>/` and `shaders/<op>/`, their CPU bodies in `src/cpu/`.
//!
//! # The same numbers on every machine
//! - Copies, fills, casts, comparisons, maxima, minima and argmax give the same bits everywhere.
//! - NaN spreads: through every function, through `maximum`, `minimum`, `relu` and `clamp`, through
//!   maxima and minima over a dimension; argmax finds it. Only comparisons and the step answer 0.
//! - Sums agree within `2 (sqrt(k) + 8) 2^-24 sum |x|` of the exact one: each machine adds up in its
//!   own fixed order. One device gives the same bits every time.
//! - Functions are good to a few units in the last place on the CPU and on CUDA. WGSL promises less:
//!   exp 3 + 2|x| units, log 2^-21 between 0.5 and 2, pow about 1e-5, sin and cos 2^-11.

mod accumulate;
mod argmax;
mod cast;
mod concat;
mod copy;
mod fill;
mod map;
mod methods;
mod reduce;
mod zip;

pub use accumulate::accumulate;
pub use argmax::argmax;
pub use cast::cast;
pub use concat::{concat, stack};
pub use copy::{copy, copy_into};
pub use fill::fill_bits;
pub use map::{Map, map};
pub use reduce::{Reduce, reduce};
pub use zip::{Zip, zip};

use crate::Tensor;
use strata_device::{LadderInfo, Machine};

/// Whether one invocation may go round a loop `rounds` times. Software WebGPU adapters may not: Mesa's
/// llvmpipe ends an invocation's loops after 65,535 rounds in all, nested ones counted too, and says
/// nothing. Half of that leaves room for the loop that finds a term's place.
fn fits_one_loop(out: &Tensor, rounds: usize) -> bool {
    out.device().machine() != Machine::Wgpu || rounds < 1 << 15
}

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<LadderInfo> {
    vec![
        fill::LADDER.info(),
        copy::LADDER.info(),
        cast::LADDER.info(),
        map::LADDER.info(),
        zip::LADDER.info(),
        accumulate::LADDER.info(),
        reduce::LADDER.info(),
        argmax::LADDER.info(),
    ]
}
