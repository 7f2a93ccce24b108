use rayon::prelude::*;
use strata_device::CpuArgs;

/// Grows as numbers get smaller: 0 for NaN, then from infinity down to -infinity; both zeros are one.
fn rank(x: f32) -> u32 {
    let size = x.to_bits() & 0x7fff_ffff;
    match x.is_sign_negative() {
        _ if x.is_nan() => 0,
        true => 0x7fff_ffff + size,
        false => 0x7fff_ffff - size,
    }
}

/// Params: rows, width, k (and passes, of which this makes none). Finds which k come first, then sorts those: n + k log k steps a row.
pub(crate) fn topk(mut args: CpuArgs) {
    let [x, mut values, mut places] = args.take();
    let (width, k) = (args.size(1), args.size(2));
    let outputs = values.f32_mut().par_chunks_exact_mut(k);
    let outputs = outputs.zip(places.of_mut::<u32>().par_chunks_exact_mut(k));
    outputs.zip(x.f32().par_chunks_exact(width)).for_each(|((values, places), x)| {
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
