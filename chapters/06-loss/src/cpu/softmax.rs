use super::rows_per_task;
use crate::softmax::normalize;
use crate::softmax_backward::input_gradient;
use rayon::prelude::*;
use strata_device::Constants;
use strata_lanes::{Body, exp, max, sum, widest};

fn log(constants: Constants<'_>) -> bool {
    constants.get("LOG", 0) == 1
}

pub(crate) fn softmax_naive(normalize::Cpu { x, out, params, constants }: normalize::Cpu<'_>) {
    let (width, log) = (params.width, log(constants));
    let rows = out.par_chunks_exact_mut(width).zip(x.par_chunks_exact(width));
    rows.for_each(|(out, x)| {
        let max = x.iter().copied().fold(f32::MIN, f32::max);
        let sum: f32 = x.iter().map(|x| (x - max).exp()).sum();
        for (out, x) in out.iter_mut().zip(x) {
            *out = if log { x - max - sum.ln() } else { (x - max).exp() / sum };
        }
    });
}

/// Vectors. Not online: a CPU's cache keeps the row, so the largest is found first, which costs no
/// exponential.
pub(crate) fn softmax_online(normalize::Cpu { x, out, params, constants }: normalize::Cpu<'_>) {
    let (width, log) = (params.width, log(constants));
    let chunk = rows_per_task(width) * width;
    let tasks = out.par_chunks_mut(chunk).zip(x.par_chunks(chunk));
    tasks.for_each(|(out, x)| widest(Forward { x, out, width, log }));
}

struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
    width: usize,
    log: bool,
}

impl Body for Forward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let rows = self.out.chunks_exact_mut(self.width).zip(self.x.chunks_exact(self.width));
        for (out, x) in rows {
            let max = max(x);
            if self.log {
                let lse = sum([x], |[x]| exp::<FMA>(x - max)).ln();
                out.iter_mut().zip(x).for_each(|(out, x)| *out = x - max - lse);
            } else {
                out.iter_mut().zip(x).for_each(|(out, x)| *out = exp::<FMA>(x - max));
                let sum = sum([out], |[y]| y);
                out.iter_mut().for_each(|out| *out /= sum);
            }
        }
    }
}

pub(crate) fn softmax_backward_naive(
    input_gradient::Cpu { y, dy, dx, params, constants }: input_gradient::Cpu<'_>,
) {
    let (width, log) = (params.width, log(constants));
    let inputs = y.par_chunks_exact(width).zip(dy.par_chunks_exact(width));
    dx.par_chunks_exact_mut(width).zip(inputs).for_each(|(dx, (y, dy))| {
        let term = |j: usize| if log { dy[j] } else { dy[j] * y[j] };
        let sum: f32 = (0..width).map(term).sum();
        for j in 0..width {
            dx[j] = if log { dy[j] - y[j].exp() * sum } else { y[j] * (dy[j] - sum) };
        }
    });
}

/// Vectors.
pub(crate) fn softmax_backward_block(
    input_gradient::Cpu { y, dy, dx, params, constants }: input_gradient::Cpu<'_>,
) {
    let (width, log) = (params.width, log(constants));
    let chunk = rows_per_task(width) * width;
    let inputs = y.par_chunks(chunk).zip(dy.par_chunks(chunk));
    let tasks = dx.par_chunks_mut(chunk).zip(inputs);
    tasks.for_each(|(dx, (y, dy))| widest(Backward { y, dy, dx, width, log }));
}

struct Backward<'a> {
    y: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    width: usize,
    log: bool,
}

impl Body for Backward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let inputs = self.y.chunks_exact(self.width).zip(self.dy.chunks_exact(self.width));
        for (dx, (y, dy)) in self.dx.chunks_exact_mut(self.width).zip(inputs) {
            let data = dx.iter_mut().zip(y).zip(dy);
            if self.log {
                let sum = sum([dy], |[dy]| dy);
                data.for_each(|((dx, &y), dy)| *dx = dy - exp::<FMA>(y) * sum);
            } else {
                let sum = sum([y, dy], |[y, dy]| y * dy);
                data.for_each(|((dx, y), dy)| *dx = y * (dy - sum));
            }
        }
    }
}
