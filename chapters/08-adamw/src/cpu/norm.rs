use crate::norm::measure;
use rayon::prelude::*;

/// Group `i` sums the squares of its own share.
pub(crate) fn norm_partials(measure::Cpu { input, output, params, .. }: measure::Cpu<'_>) {
    let measure::Params { n, groups } = params;
    let input = &input[..n];
    let share = n.div_ceil(groups).max(1);
    output[..groups].par_iter_mut().enumerate().for_each(|(i, partial)| {
        let part = &input[(i * share).min(n)..((i + 1) * share).min(n)];
        *partial = sum_of_squares(part);
    });
}

pub(crate) fn norm_finish(measure::Cpu { input, output, params, .. }: measure::Cpu<'_>) {
    let sum: f64 = input[..params.groups].iter().map(|&x| f64::from(x)).sum();
    output[0] = sum.sqrt() as f32;
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
