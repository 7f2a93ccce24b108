//! Means over the rows in two stages, in the order of a GPU.
use crate::IGNORE;
use crate::mean::{join_parts, sum_scored, sum_weighted};

/// Rows that lie together in one part: every parts-th group of 256, as the workgroups walk.
const GROUP: usize = 256;

/// Sums each part of the rows; `add` adds one row.
fn sum_parts(sums: &mut [[f32; 2]], rows: usize, add: impl Fn(&mut [f32; 2], usize)) {
    let parts = sums.len();
    for (p, out) in sums.iter_mut().enumerate() {
        let mut sum = [0.0; 2];
        for first in (p * GROUP..rows).step_by(parts * GROUP) {
            (first..rows.min(first + GROUP)).for_each(|i| add(&mut sum, i));
        }
        *out = sum;
    }
}

fn join(partial_sums: &[[f32; 2]], parts: usize) -> (f32, f32) {
    let add = |(total, counts), part: &[f32; 2]| (total + part[0], counts + part[1]);
    partial_sums.iter().take(parts).fold((0.0, 0.0), add)
}

pub(crate) fn mean_parts(
    sum_scored::Cpu { losses, targets, sums, params, .. }: sum_scored::Cpu<'_>,
) {
    sum_parts(sums, params.count, |[total, scored], i| {
        if targets[i] != IGNORE {
            *total += losses[i];
            *scored += 1.0;
        }
    });
}

pub(crate) fn mean_total(
    join_parts::Cpu { partial_sums, mean, weight, params, .. }: join_parts::Cpu<'_>,
) {
    let (total, scored) = join(partial_sums, params.count);
    weight[0] = 1.0 / scored.max(1.0);
    mean[0] = total / scored.max(1.0);
}

pub(crate) fn weighted_parts(
    sum_weighted::Cpu { losses, kept, sums, params, .. }: sum_weighted::Cpu<'_>,
) {
    sum_parts(sums, params.count, |[total, weights], i| {
        *total += losses[i];
        *weights += kept[i][2];
    });
}

pub(crate) fn weighted_total(
    join_parts::Cpu { partial_sums, mean, weight, params, .. }: join_parts::Cpu<'_>,
) {
    let (total, weights) = join(partial_sums, params.count);
    let none = weights == 0.0;
    weight[0] = if none { 0.0 } else { 1.0 / weights };
    mean[0] = match none {
        true if total.is_nan() => total,
        true => 0.0,
        false => total / weights,
    };
}
