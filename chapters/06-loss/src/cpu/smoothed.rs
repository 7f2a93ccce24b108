//! Cross-entropy with smoothed labels and class weights.
use super::rows_per_task;
use crate::IGNORE;
use crate::smoothed::smooth_rows;
use crate::smoothed_backward::smoothed_gradient;
use rayon::prelude::*;
use strata_device::Constants;
use strata_lanes::{Body, exp, max, sum, widest};

/// Class weights where there are any: without, the binding holds something else.
fn weights<'a>(constants: Constants<'_>, classes: &'a [f32]) -> Option<&'a [f32]> {
    (constants.get("WEIGHTED", 1) == 1).then_some(classes)
}

/// What the walks along a row find.
struct Walked {
    max: f32,
    log_sum: f32,
    /// `sum_j w[j] (max - x[j])`
    below: f32,
    weights: f32,
}

impl Walked {
    /// Writes what is kept of the row and its loss.
    fn finish(
        &self,
        x: &[f32],
        target: u32,
        classes: Option<&[f32]>,
        smoothing: f32,
        kept: &mut [f32; 4],
        loss: &mut f32,
    ) {
        let &Walked { max, log_sum, below, weights } = self;
        let (mut weight, mut row) = (0.0, 0.0);
        if target != IGNORE {
            // A target beyond the vocabulary cannot be an error here; it can be NaN.
            let there = x.get(target as usize).copied();
            weight = match classes {
                _ if there.is_none() => f32::NAN,
                Some(classes) => classes[target as usize],
                None => 1.0,
            };
            row = (1.0 - smoothing) * weight * (log_sum + (max - there.unwrap_or(max)));
            // Only if asked for: a score of -inf makes the mean of all an infinity.
            if smoothing > 0.0 {
                row += smoothing / x.len() as f32 * (weights * log_sum + below);
            }
        }
        *loss = row;
        *kept = [max, log_sum, weight, weights];
    }
}

pub(crate) fn smoothed_naive(args: smooth_rows::Cpu<'_>) {
    let smooth_rows::Cpu { logits, targets, classes, kept, losses, params, constants } = args;
    let (width, smoothing) = (params.width, params.smoothing);
    let classes = weights(constants, classes);
    let rows = logits.par_chunks_exact(width).zip(targets);
    let outputs = kept.par_iter_mut().zip(losses);
    rows.zip(outputs).for_each(|((x, &target), (kept, loss))| {
        let max = x.iter().copied().fold(f32::MIN, f32::max);
        let (mut sum, mut below, mut total) = (0.0, 0.0, 0.0);
        for (j, x) in x.iter().enumerate() {
            let weight = classes.map_or(1.0, |classes| classes[j]);
            sum += (x - max).exp();
            below += weight * (max - x);
            total += weight;
        }
        let walked = Walked { max, log_sum: sum.ln(), below, weights: total };
        walked.finish(x, target, classes, smoothing, kept, loss);
    });
}

/// Vectors.
pub(crate) fn smoothed_block(args: smooth_rows::Cpu<'_>) {
    let smooth_rows::Cpu { logits, targets, classes, kept, losses, params, constants } = args;
    let (width, smoothing) = (params.width, params.smoothing);
    let classes = weights(constants, classes);
    // The same in every row.
    let total = classes.map_or(width as f32, |classes| sum([classes], |[w]| w));
    let task = rows_per_task(width);
    let rows = logits.par_chunks(task * width).zip(targets.par_chunks(task));
    let outputs = kept.par_chunks_mut(task).zip(losses.par_chunks_mut(task));
    rows.zip(outputs).for_each(|((x, targets), (kept, losses))| {
        widest(Forward { x, targets, classes, kept, losses, width, smoothing, total });
    });
}

struct Forward<'a> {
    x: &'a [f32],
    targets: &'a [u32],
    classes: Option<&'a [f32]>,
    kept: &'a mut [[f32; 4]],
    losses: &'a mut [f32],
    width: usize,
    smoothing: f32,
    total: f32,
}

impl Body for Forward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let rows = self.x.chunks_exact(self.width).zip(self.targets);
        let outputs = self.kept.iter_mut().zip(self.losses);
        for ((x, &target), (kept, loss)) in rows.zip(outputs) {
            // region: walks
            let max = max(x);
            let log_sum = sum([x], |[x]| exp::<FMA>(x - max)).ln();
            let below = match self.classes {
                Some(classes) => sum([x, classes], |[x, w]| w * (max - x)),
                None => sum([x], |[x]| max - x),
            };
            // end: walks
            let walked = Walked { max, log_sum, below, weights: self.total };
            walked.finish(x, target, self.classes, self.smoothing, kept, loss);
        }
    }
}

/// Vectors.
pub(crate) fn smoothed_backward(args: smoothed_gradient::Cpu<'_>) {
    let smoothed_gradient::Cpu { logits, targets, classes, kept, dlogits, params, .. } = args;
    let (width, smoothing) = (params.width, params.smoothing);
    let classes = weights(args.constants, classes);
    let factor = args.weight[0] * args.dloss[0] * params.scale;
    let task = rows_per_task(width);
    let inputs = logits.par_chunks(task * width).zip(targets.par_chunks(task));
    let inputs = inputs.zip(kept.par_chunks(task));
    let tasks = dlogits.par_chunks_mut(task * width).zip(inputs);
    tasks.for_each(|(dx, ((x, targets), kept))| {
        widest(Backward { x, targets, classes, kept, dx, width, smoothing, factor });
    });
}

struct Backward<'a> {
    x: &'a [f32],
    targets: &'a [u32],
    classes: Option<&'a [f32]>,
    kept: &'a [[f32; 4]],
    dx: &'a mut [f32],
    width: usize,
    smoothing: f32,
    factor: f32,
}

impl Body for Backward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (width, factor) = (self.width, self.factor);
        let share = self.smoothing / width as f32;
        let rows = self.x.chunks_exact(width).zip(self.dx.chunks_exact_mut(width));
        for ((x, dx), (&target, kept)) in rows.zip(self.targets.iter().zip(self.kept)) {
            let &[max, log_sum, weight, total] = kept;
            if target == IGNORE {
                dx.fill(0.0);
                continue;
            }
            if target as usize >= width {
                dx.fill(f32::NAN);
                continue;
            }
            // region: element
            let own = (1.0 - self.smoothing) * weight;
            let of = |x: f32, w: f32, one_hot: f32| {
                let p = exp::<FMA>((x - max) - log_sum);
                (own * (p - one_hot) + share * (total * p - w)) * factor
            };
            match self.classes {
                Some(classes) => {
                    let data = dx.iter_mut().zip(x).zip(classes);
                    data.for_each(|((dx, &x), &w)| *dx = of(x, w, 0.0));
                }
                None => dx.iter_mut().zip(x).for_each(|(dx, &x)| *dx = of(x, 1.0, 0.0)),
            }
            let t = target as usize;
            dx[t] = of(x[t], self.classes.map_or(1.0, |classes| classes[t]), 1.0);
            // end: element
        }
    }
}
