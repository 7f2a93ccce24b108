//! The ops of chapter 1: fill, copy, cast, map, zip, accumulate, reduce.
//!
//! Each is a file: the arguments, the ladder, and the function that calls it. Their kernels lie in
//! `kernels/<op>/` and `shaders/<op>/`, their CPU bodies in `src/cpu/`.

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
