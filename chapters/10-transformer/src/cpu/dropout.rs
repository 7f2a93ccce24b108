#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "four params, tensors of n elements, a state of one StepState; n is a word of 32 bits"
)]

use rayon::prelude::*;
use strata_device::random::philox;
use strata_device::{CpuArgs, StepState};

/// Elements of one parallel task; a multiple of 4, because four share a call of Philox.
const CHUNK: usize = 1 << 12;

/// Params: n, op, threshold, scale. Constant: RESIDUAL.
pub(crate) fn dropout(mut args: CpuArgs) {
    let [x, residual, state, mut out] = args.take();
    let (n, op, threshold, scale) = (args.size(0), args.params[1], args.params[2], args.float(3));
    let StepState { step, seed, .. } = state.of::<StepState>()[0];
    let with_residual = args.constant("RESIDUAL", 0) == 1;
    let (x, residual) = (&x.f32()[..n], residual.f32());
    out.f32_mut()[..n].par_chunks_mut(CHUNK).enumerate().for_each(|(chunk, out)| {
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
