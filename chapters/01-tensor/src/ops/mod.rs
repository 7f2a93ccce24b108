//! The ops of chapter 1: fill, copy, cast, map, zip, accumulate, reduce.
//!
//! Each is a file: the arguments, the ladder, and the function that calls it. Their kernels lie in
//! `kernels/<op>/` and `shaders/<op>/`, their CPU bodies in `src/cpu/`.
//!
//! # The same numbers on every machine
//! - Copies, fills, casts, comparisons, maxima, minima and argmax give the same bits everywhere.
//! - NaN spreads: through every function, through `maximum`, `minimum`, `relu` and `clamp`, through
//!   maxima and minima over a dimension; argmax finds it. Only comparisons and the step answer 0, and
//!   `x^0` and `1^x` are 1.
//! - Zeros, infinities and NaN give what C and IEEE 754 say, `pow` included. Two things are open: a GPU
//!   may take subnormal numbers (below 2^-126) for 0, read or written, and WGSL does not promise the
//!   sign of a zero.
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

use strata_device::LadderInfo;

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
