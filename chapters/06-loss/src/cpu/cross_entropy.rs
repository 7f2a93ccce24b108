use super::rows_per_task;
use crate::IGNORE;
use rayon::prelude::*;
use strata_device::CpuArgs;
use strata_gelu::lanes::{max, sum};
use strata_gelu::math::exp;
use strata_gelu::simd::{Body, widest};

/// A row's loss from its maximum and the logarithm of its sum. Not `lse - x`: beside scores of a
/// million the sum of the two keeps no digits of the second.
fn loss(x: &[f32], target: u32, max: f32, log_sum: f32) -> f32 {
    if target == IGNORE {
        return 0.0;
    }
    // A target beyond the vocabulary cannot be an error here; it can be NaN.
    x.get(target as usize).map_or(f32::NAN, |x| log_sum + (max - x))
}

/// Params: rows, width. Bindings: logits, targets, lse, losses.
pub(crate) fn cross_entropy_naive(mut args: CpuArgs) {
    let [logits, targets, mut lse, mut losses] = args.take();
    let rows = logits.f32().par_chunks_exact(args.size(1)).zip(targets.u32());
    let outputs = lse.f32_mut().par_iter_mut().zip(losses.f32_mut());
    rows.zip(outputs).for_each(|((x, &target), (lse, row))| {
        let max = x.iter().copied().fold(f32::MIN, f32::max);
        let log_sum = x.iter().map(|x| (x - max).exp()).sum::<f32>().ln();
        *lse = max + log_sum;
        *row = loss(x, target, max, log_sum);
    });
}

/// Params: rows, width. Bindings: logits, targets, lse, losses. Vectors. As little online as
/// [`softmax_online`](super::softmax_online), and for the same reason.
pub(crate) fn cross_entropy_online(mut args: CpuArgs) {
    let [logits, targets, mut lse, mut losses] = args.take();
    let width = args.size(1);
    let task = rows_per_task(width);
    let rows = logits.f32().par_chunks(task * width).zip(targets.u32().par_chunks(task));
    let outputs = lse.f32_mut().par_chunks_mut(task).zip(losses.f32_mut().par_chunks_mut(task));
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

/// Rows of one part of [`mean_parts`]: every 256th group of 256, as the workgroups walk.
const GROUP: usize = 256;

/// Params: rows. Bindings: losses, targets, partial.
pub(crate) fn mean_parts(mut args: CpuArgs) {
    let [losses, targets, mut partial] = args.take();
    let (rows, losses, targets) = (args.size(0), losses.f32(), targets.u32());
    let parts = partial.f32().len() / 2;
    for (p, out) in partial.f32_mut().chunks_exact_mut(2).enumerate() {
        let (mut total, mut count) = (0.0, 0.0);
        for first in (p * GROUP..rows).step_by(parts * GROUP) {
            for i in first..rows.min(first + GROUP) {
                if targets[i] != IGNORE {
                    total += losses[i];
                    count += 1.0;
                }
            }
        }
        (out[0], out[1]) = (total, count);
    }
}

/// Params: parts. Bindings: partial, mean, weight.
pub(crate) fn mean_total(mut args: CpuArgs) {
    let [partial, mut mean, mut weight] = args.take();
    let (mut total, mut count) = (0.0, 0f32);
    for part in partial.f32().chunks_exact(2).take(args.size(0)) {
        total += part[0];
        count += part[1];
    }
    weight.f32_mut()[0] = 1.0 / count.max(1.0);
    mean.f32_mut()[0] = total / count.max(1.0);
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

/// Params: rows, width, scale. Bindings: logits, targets, lse, weight, dloss, dlogits.
pub(crate) fn backward_naive(mut args: CpuArgs) {
    let [logits, targets, lse, weight, dloss, mut dlogits] = args.take();
    let width = args.size(1);
    let weight = weight.f32()[0] * dloss.f32()[0] * args.float(2);
    let inputs = logits.f32().par_chunks_exact(width).zip(targets.u32()).zip(lse.f32());
    let rows = dlogits.f32_mut().par_chunks_exact_mut(width).zip(inputs);
    rows.for_each(|(dx, ((x, &target), lse))| {
        let weight = factor(target, width, weight);
        for j in 0..width {
            let one_hot = if j == target as usize { 1.0 } else { 0.0 };
            dx[j] = if target == IGNORE { 0.0 } else { ((x[j] - lse).exp() - one_hot) * weight };
        }
    });
}

/// Params: rows, width, scale. Bindings: logits, targets, lse, weight, dloss, dlogits. Vectors.
pub(crate) fn backward_block(mut args: CpuArgs) {
    let [logits, targets, lse, weight, dloss, mut dlogits] = args.take();
    let width = args.size(1);
    let weight = weight.f32()[0] * dloss.f32()[0] * args.float(2);
    let task = rows_per_task(width);
    let inputs = logits.f32().par_chunks(task * width).zip(targets.u32().par_chunks(task));
    let inputs = inputs.zip(lse.f32().par_chunks(task));
    let tasks = dlogits.f32_mut().par_chunks_mut(task * width).zip(inputs);
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
