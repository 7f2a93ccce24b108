use super::rows_per_task;
use crate::IGNORE;
use crate::cross_entropy::score_rows;
use crate::cross_entropy_backward::logits_gradient;
use rayon::prelude::*;
use strata_lanes::{Body, exp, max, sum, widest};

/// A row's loss from its maximum and the logarithm of its sum. Not `lse - x`: beside scores of a
/// million the sum of the two keeps no digits of the second.
fn loss(x: &[f32], target: u32, max: f32, log_sum: f32) -> f32 {
    if target == IGNORE {
        return 0.0;
    }
    // A target beyond the vocabulary cannot be an error here; it can be NaN.
    x.get(target as usize).map_or(f32::NAN, |x| log_sum + (max - x))
}

pub(crate) fn cross_entropy_naive(
    score_rows::Cpu { logits, targets, lse, losses, params, .. }: score_rows::Cpu<'_>,
) {
    let rows = logits.par_chunks_exact(params.width).zip(targets);
    let outputs = lse.par_iter_mut().zip(losses);
    rows.zip(outputs).for_each(|((x, &target), (lse, row))| {
        let max = x.iter().copied().fold(f32::MIN, f32::max);
        let log_sum = x.iter().map(|x| (x - max).exp()).sum::<f32>().ln();
        *lse = max + log_sum;
        *row = loss(x, target, max, log_sum);
    });
}

/// Vectors. As little online as [`softmax_online`](super::softmax_online), and for the same reason.
pub(crate) fn cross_entropy_online(
    score_rows::Cpu { logits, targets, lse, losses, params, .. }: score_rows::Cpu<'_>,
) {
    let width = params.width;
    let task = rows_per_task(width);
    let rows = logits.par_chunks(task * width).zip(targets.par_chunks(task));
    let outputs = lse.par_chunks_mut(task).zip(losses.par_chunks_mut(task));
    rows.zip(outputs).for_each(|((x, targets), (lse, losses))| {
        widest(LogSumExp { x, targets, width, lse, losses });
    });
}

struct LogSumExp<'a> {
    x: &'a [f32],
    targets: &'a [u32],
    width: usize,
    lse: &'a mut [f32],
    losses: &'a mut [f32],
}

impl Body for LogSumExp<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let outputs = self.lse.iter_mut().zip(self.losses).zip(self.targets);
        for (((lse, row), &target), x) in outputs.zip(self.x.chunks_exact(self.width)) {
            // region: row
            let max = max(x);
            let log_sum = sum([x], |[x]| exp::<FMA>(x - max)).ln();
            *lse = max + log_sum;
            *row = loss(x, target, max, log_sum);
            // end: row
        }
    }
}

/// What a row's `softmax - onehot` is multiplied with.
fn factor(target: u32, width: usize, weight: f32) -> f32 {
    if target == IGNORE {
        0.0
    } else if target as usize >= width {
        f32::NAN
    } else {
        weight
    }
}

pub(crate) fn backward_naive(args: logits_gradient::Cpu<'_>) {
    let logits_gradient::Cpu { logits, targets, lse, weight, dloss, dlogits, params, .. } = args;
    let width = params.width;
    let weight = weight[0] * dloss[0] * params.scale;
    let inputs = logits.par_chunks_exact(width).zip(targets).zip(lse);
    let rows = dlogits.par_chunks_exact_mut(width).zip(inputs);
    rows.for_each(|(dx, ((x, &target), lse))| {
        let weight = factor(target, width, weight);
        for j in 0..width {
            let one_hot = if j == target as usize { 1.0 } else { 0.0 };
            dx[j] = if target == IGNORE { 0.0 } else { ((x[j] - lse).exp() - one_hot) * weight };
        }
    });
}

/// Vectors.
pub(crate) fn backward_block(args: logits_gradient::Cpu<'_>) {
    let logits_gradient::Cpu { logits, targets, lse, weight, dloss, dlogits, params, .. } = args;
    let width = params.width;
    let weight = weight[0] * dloss[0] * params.scale;
    let task = rows_per_task(width);
    let inputs = logits.par_chunks(task * width).zip(targets.par_chunks(task));
    let inputs = inputs.zip(lse.par_chunks(task));
    let tasks = dlogits.par_chunks_mut(task * width).zip(inputs);
    tasks.for_each(|(dx, ((x, targets), lse))| widest(Rows { x, targets, lse, dx, width, weight }));
}

struct Rows<'a> {
    x: &'a [f32],
    targets: &'a [u32],
    lse: &'a [f32],
    dx: &'a mut [f32],
    width: usize,
    weight: f32,
}

impl Body for Rows<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let rows = self.x.chunks_exact(self.width).zip(self.dx.chunks_exact_mut(self.width));
        for ((x, dx), (&target, &lse)) in rows.zip(self.targets.iter().zip(self.lse)) {
            // region: gradient
            if target == IGNORE {
                dx.fill(0.0);
                continue;
            }
            let weight = factor(target, self.width, self.weight);
            dx.iter_mut().zip(x).for_each(|(dx, x)| *dx = exp::<FMA>(x - lse) * weight);
            if let Some(dx) = dx.get_mut(target as usize) {
                // Not `-= weight`: p - 1 is to be rounded before it is scaled, as everywhere else.
                *dx = (exp::<FMA>(x[target as usize] - lse) - 1.0) * weight;
            }
            // end: gradient
        }
    }
}
