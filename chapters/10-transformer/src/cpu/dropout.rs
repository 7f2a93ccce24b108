#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "tensors of n elements; n is a word of 32 bits"
)]

use crate::dropout::thin_out;
use rayon::prelude::*;
use strata_device::StepState;
use strata_device::random::philox;

/// Elements of one parallel task; a multiple of 4, because four share a call of Philox.
const CHUNK: usize = 1 << 12;

/// Constant: RESIDUAL.
pub(crate) fn dropout(args: thin_out::Cpu<'_>) {
    let thin_out::Cpu { x, residual, state, out, params, constants } = args;
    let thin_out::Params { n, op, threshold, scale } = params;
    let &StepState { step, seed, .. } = state;
    let with_residual = constants.get("RESIDUAL", 0) == 1;
    let x = &x[..n];
    out[..n].par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
        let first = chunk * CHUNK;
        let x = &x[first..first + out.len()];
        for (i, (out, x)) in out.chunks_mut(4).zip(x.chunks(4)).enumerate() {
            let words = philox([(first / 4 + i) as u32, op, step, 0], [seed, 0]);
            for ((out, x), word) in out.iter_mut().zip(x).zip(words) {
                *out = if word >> 8 >= threshold { x * scale } else { 0.0 };
            }
        }
        if with_residual {
            let residual = &residual[first..first + out.len()];
            out.iter_mut().zip(residual).for_each(|(out, r)| *out += r);
        }
    });
}
