use crate::ops::cumsum::sum_up;
use bytemuck::{cast_slice, cast_slice_mut};
use rayon::prelude::*;

/// Constants: INTEGER, REVERSE.
pub(crate) fn cumsum(sum_up::Cpu { x, out, params, constants }: sum_up::Cpu<'_>) {
    let reverse = constants.get("REVERSE", 0) == 1;
    if constants.get("INTEGER", 0) == 1 {
        let add = |sum: &mut u32, x: u32| {
            *sum = sum.wrapping_add(x);
            *sum
        };
        return scan(params, reverse, x, out, |x| x, add);
    }
    // In float64: a running sum in f32 drifts off a long row of equal numbers.
    let add = |sum: &mut f64, x: f32| {
        *sum += f64::from(x);
        *sum as f32
    };
    scan(params, reverse, cast_slice(x), cast_slice_mut(out), f64::from, add);
}

/// `start` makes a sum of the last output before this launch, `add` adds to it and gives the output.
fn scan<T: Copy + Send + Sync, S: Default + Clone>(
    sum_up::Params { length, inner, first, count, .. }: sum_up::Params,
    reverse: bool,
    x: &[T],
    out: &mut [T],
    start: impl Fn(T) -> S + Sync,
    add: impl Fn(&mut S, T) -> T + Sync,
) {
    let block = length * inner;
    let row = |j: usize| inner * if reverse { length - 1 - j } else { j };
    out.par_chunks_exact_mut(block).zip(x.par_chunks_exact(block)).for_each(|(out, x)| {
        let mut sums = vec![S::default(); inner];
        if first > 0 {
            let before = &out[row(first - 1)..][..inner];
            sums.iter_mut().zip(before).for_each(|(sum, &before)| *sum = start(before));
        }
        for j in first..first + count {
            let row = row(j)..row(j) + inner;
            let columns = sums.iter_mut().zip(&mut out[row.clone()]).zip(&x[row]);
            columns.for_each(|((sum, out), &x)| *out = add(sum, x));
        }
    });
}
