//! The ops of chapter 1: fill, copy, cast, map, zip, accumulate, reduce, and those that choose and pick.
//!
//! Each is a file: the arguments, the ladder, and the function that calls it. Their kernels lie in
//! `kernels/<op>/` and `shaders/<op>/`, their CPU bodies in `src/cpu/`.
//!
//! # The same numbers on every machine
//! - Copies, fills, casts, comparisons, maxima, minima and argmax give the same bits everywhere.
//! - NaN spreads: through every function, through `maximum`, `minimum`, `relu` and `clamp`, through
//!   maxima and minima over a dimension; argmax finds it. Only comparisons and the step answer 0 (`ne` and
//!   `isnan` answer 1), and `x^0` and `1^x` are 1. What is not chosen or lies outside of a triangle does
//!   not come through; an id or index that is not there gives NaN.
//! - Integers wrap around. A quotient without a value is settled as in WGSL: see [`Zip`].
//! - Zeros, infinities and NaN give what C and IEEE 754 say, `pow` included. Two things are open: a GPU
//!   may take subnormal numbers (below 2^-126) for 0, read or written, and WGSL does not promise the
//!   sign of a zero.
//! - Floats of 16 bits are computed with in f32, sums too, and the result is rounded once. WebGPU's
//!   kernels of map, zip, reduce, argmax and multinomial know f32 alone, and say so.
//! - Sums agree within `2 (sqrt(k) + 8) 2^-24 sum |x|` of the exact one: each machine adds up in its
//!   own fixed order. One device gives the same bits every time.
//! - Functions are good to a few units in the last place on the CPU and on CUDA. WGSL promises less:
//!   exp 3 + 2|x| units, log 2^-21 between 0.5 and 2, pow about 1e-5, sin and cos 2^-11.

pub(crate) mod accumulate;
pub(crate) mod argmax;
pub(crate) mod cast;
pub(crate) mod choose;
mod concat;
pub(crate) mod copy;
pub(crate) mod cumsum;
pub(crate) mod fill;
pub(crate) mod gather;
pub(crate) mod map;
mod methods;
pub(crate) mod multinomial;
pub(crate) mod one_hot;
pub(crate) mod reduce;
pub(crate) mod scatter_add;
mod selecting;
pub(crate) mod topk;
pub(crate) mod triangle;
pub(crate) mod zip;

pub use accumulate::accumulate;
pub use argmax::argmax;
pub use cast::cast;
pub use choose::choose;
pub use concat::{concat, stack};
pub use copy::{copy, copy_into};
pub use cumsum::cumsum;
pub use fill::fill_bits;
pub use gather::gather;
pub use map::{Map, map};
pub use multinomial::multinomial;
pub use one_hot::one_hot;
pub use reduce::{Reduce, reduce};
pub use scatter_add::{scatter_add, scatter_add_into};
pub use topk::topk;
pub use triangle::{tril, triu};
pub use zip::{Zip, zip};

use crate::{DType, Result, Tensor};
use strata_device::LadderInfo;

/// `op` of floats in 16 bits, where kernels move words or add up what must not be rounded on the way:
/// widened before, which loses nothing, and rounded once after.
fn widened(x: &Tensor, op: impl FnOnce(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
    op(&x.cast(DType::F32)?)?.cast(x.dtype())
}

/// The same of an `op` that writes to the tensor it is given.
fn widened_in_place(out: &Tensor, op: impl FnOnce(&Tensor) -> Result<()>) -> Result<()> {
    let wide = out.cast(DType::F32)?;
    op(&wide)?;
    match out.dtype() {
        // The cast was no copy.
        DType::F32 => Ok(()),
        dtype => copy_into(&wide.cast(dtype)?, out),
    }
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
        cumsum::LADDER.info(),
        topk::LADDER.info(),
        multinomial::LADDER.info(),
        zip::INTEGERS_LADDER.info(),
        choose::LADDER.info(),
        triangle::LADDER.info(),
        one_hot::LADDER.info(),
        gather::LADDER.info(),
        scatter_add::LADDER.info(),
    ]
}
