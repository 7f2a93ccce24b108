use rayon::prelude::*;
use strata_device::CpuArgs;

/// Params: n, groups. Group `i` sums the squares of its own share.
pub(crate) fn norm_partials(mut args: CpuArgs) {
    let [input, mut partials] = args.take();
    let (n, groups) = (args.size(0), args.size(1));
    let input = &input.f32()[..n];
    let share = n.div_ceil(groups).max(1);
    partials.f32_mut()[..groups].par_iter_mut().enumerate().for_each(|(i, partial)| {
        let part = &input[(i * share).min(n)..((i + 1) * share).min(n)];
        *partial = sum_of_squares(part);
    });
}

/// Params: n, groups.
pub(crate) fn norm_finish(mut args: CpuArgs) {
    let [partials, mut out] = args.take();
    let sum: f64 = partials.f32()[..args.size(1)].iter().map(|&x| f64::from(x)).sum();
    out.f32_mut()[0] = sum.sqrt() as f32;
}

/// Sixteen sums side by side: they fill the vector registers, and each stays small.
fn sum_of_squares(x: &[f32]) -> f32 {
    let mut lanes = [0f32; 16];
    let (blocks, tail) = x.as_chunks::<16>();
    for block in blocks {
        for (lane, x) in lanes.iter_mut().zip(block) {
            *lane += x * x;
        }
    }
    lanes.iter().sum::<f32>() + tail.iter().map(|x| x * x).sum::<f32>()
}
