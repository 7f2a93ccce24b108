use super::rows_per_task;
use crate::forward::normalize;
use rayon::prelude::*;
use strata_lanes::{Body, sum, widest};

/// Plain loops.
pub(crate) fn layernorm_naive(
    normalize::Cpu { x, gamma, beta, out, mean_out, rstd_out, params, .. }: normalize::Cpu<'_>,
) {
    let normalize::Params { width, eps, .. } = params;
    let rows = out.par_chunks_exact_mut(width).zip(x.par_chunks_exact(width));
    let stats = mean_out.par_iter_mut().zip(rstd_out);
    rows.zip(stats).for_each(|((out, x), (mean, rstd))| {
        (*mean, *rstd) = plain(x, gamma, beta, eps, out);
    });
}

/// A row, and its mean and rstd.
pub(crate) fn plain(
    x: &[f32],
    gamma: &[f32],
    beta: &[f32],
    eps: f32,
    out: &mut [f32],
) -> (f32, f32) {
    // Sums of what lies between a number and the first: see the GPU's kernel.
    let (first, width) = (x[0], x.len() as f32);
    let mean = x.iter().map(|x| x - first).sum::<f32>() / width;
    let var = x.iter().map(|x| (x - first - mean).powi(2)).sum::<f32>() / width;
    let rstd = 1.0 / (var + eps).sqrt();
    for j in 0..x.len() {
        out[j] = (x[j] - first - mean) * rstd * gamma[j] + beta[j];
    }
    (first + mean, rstd)
}

/// Vectors, several rows a task.
pub(crate) fn layernorm_block(
    normalize::Cpu { x, gamma, beta, out, mean_out, rstd_out, params, .. }: normalize::Cpu<'_>,
) {
    let normalize::Params { width, eps, .. } = params;
    let task = rows_per_task(width);
    let rows = out.par_chunks_mut(task * width).zip(x.par_chunks(task * width));
    let stats = mean_out.par_chunks_mut(task).zip(rstd_out.par_chunks_mut(task));
    rows.zip(stats).for_each(|((out, x), (mean, rstd))| {
        widest(Rows { x, gamma, beta, eps, out, mean, rstd });
    });
}

/// Rows that a task normalizes.
pub(crate) struct Rows<'a> {
    pub x: &'a [f32],
    pub gamma: &'a [f32],
    pub beta: &'a [f32],
    pub eps: f32,
    pub out: &'a mut [f32],
    pub mean: &'a mut [f32],
    pub rstd: &'a mut [f32],
}

impl Body for Rows<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let width = self.gamma.len();
        let rows = self.x.chunks_exact(width).zip(self.out.chunks_exact_mut(width));
        for ((x, out), (m, r)) in rows.zip(self.mean.iter_mut().zip(self.rstd)) {
            // region: variance
            let first = x[0];
            let mean = sum([x], |[x]| x - first) / width as f32;
            let square = |[x]: [f32; 1]| (x - first - mean) * (x - first - mean);
            let var = sum([x], square) / width as f32;
            let rstd = 1.0 / (var + self.eps).sqrt();
            // end: variance
            let affine = self.gamma.iter().zip(self.beta);
            for ((out, x), (gamma, beta)) in out.iter_mut().zip(x).zip(affine) {
                *out = (x - first - mean) * rstd * gamma + beta;
            }
            (*m, *r) = (first + mean, rstd);
        }
    }
}
