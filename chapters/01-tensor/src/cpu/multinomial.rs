use crate::ops::multinomial::draw;
use rayon::prelude::*;

/// Pieces of a row that are added up by themselves: as many as a workgroup has invocations, so that all
/// machines add in one order and draw the same.
const PIECES: usize = 256;

pub(crate) fn multinomial(draw::Cpu { weights, uniforms, out, params, .. }: draw::Cpu) {
    let draw::Params { width, draws, piece, .. } = params;
    let outputs = out.par_chunks_exact_mut(draws);
    let inputs = weights.par_chunks_exact(width).zip(uniforms.par_chunks_exact(draws));
    outputs.zip(inputs).for_each(|(out, (weights, uniforms))| {
        let mut sums = [0f32; PIECES];
        for (sum, weights) in sums.iter_mut().zip(weights.chunks(piece)) {
            // Not a weight: the whole row is none.
            let sound = |w: f32| if w >= 0.0 && w.is_finite() { w } else { f32::INFINITY };
            *sum = weights.iter().fold(0.0, |sum, &w| sum + sound(w));
        }
        let total = sums.iter().fold(0.0, |total, sum| total + sum);
        for (out, u) in out.iter_mut().zip(uniforms) {
            *out = match total.is_finite() && total > 0.0 {
                true => find(weights, &sums, piece, u * total),
                false => u32::MAX,
            };
        }
    });
}

/// The first place whose running sum is above `goal`; where rounding leaves none, the last with a weight.
fn find(weights: &[f32], sums: &[f32], piece: usize, goal: f32) -> u32 {
    let (mut running, mut below, mut from) = (0.0, 0.0, 0);
    for (i, &sum) in sums.iter().enumerate() {
        if sum > 0.0 {
            (from, below) = (i, running);
        }
        running += sum;
        if running > goal {
            break;
        }
    }
    let mut place = 0;
    for (i, &weight) in weights.iter().enumerate().skip(from * piece).take(piece) {
        below += weight;
        if weight > 0.0 {
            place = i;
            if below > goal {
                break;
            }
        }
    }
    place as u32
}
