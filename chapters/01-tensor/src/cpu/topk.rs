use crate::ops::topk::passes_over;
use bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

/// Grows as numbers get smaller: 0 for NaN, then from infinity down to -infinity; both zeros are one.
fn rank(x: f32) -> u32 {
    let size = x.to_bits() & 0x7fff_ffff;
    match x.is_sign_negative() {
        _ if x.is_nan() => 0,
        true => 0x7fff_ffff + size,
        false => 0x7fff_ffff - size,
    }
}

/// No passes: finds which k come first, then sorts those, in n + k log k steps a row.
pub(crate) fn topk(passes_over::Cpu { x, values, places, params, .. }: passes_over::Cpu) {
    let passes_over::Params { width, k, .. } = params;
    let (x, values): (&[f32], &mut [f32]) = (cast_slice(x), cast_slice_mut(values));
    let outputs = values.par_chunks_exact_mut(k).zip(places.par_chunks_exact_mut(k));
    outputs.zip(x.par_chunks_exact(width)).for_each(|((values, places), x)| {
        // Rank and place in one number.
        let pair = |(i, &x): (usize, &f32)| u64::from(rank(x)) << 32 | i as u64;
        let mut pairs: Vec<u64> = x.iter().enumerate().map(pair).collect();
        if k < width {
            pairs.select_nth_unstable(k);
            pairs.truncate(k);
        }
        pairs.sort_unstable();
        for ((value, place), pair) in values.iter_mut().zip(places).zip(pairs) {
            let at = pair as u32;
            (*value, *place) = (x[at as usize], at);
        }
    });
}
