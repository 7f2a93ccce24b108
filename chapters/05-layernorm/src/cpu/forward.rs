use super::rows_per_task;
use rayon::prelude::*;
use strata_device::CpuArgs;
use strata_gelu::lanes::sum;
use strata_gelu::simd::{Body, widest};

/// Params: rows, width, eps. Plain loops.
pub(crate) fn layernorm_naive(mut args: CpuArgs) {
    let [x, gamma, beta, mut out, mut mean, mut rstd] = args.take();
    let (width, eps) = (args.size(1), args.float(2));
    let rows = out.f32_mut().par_chunks_exact_mut(width).zip(x.f32().par_chunks_exact(width));
    let stats = mean.f32_mut().par_iter_mut().zip(rstd.f32_mut());
    let (gamma, beta) = (gamma.f32(), beta.f32());
    rows.zip(stats).for_each(|((out, x), (mean, rstd))| {
        (*mean, *rstd) = plain(x, gamma, beta, eps, out);
    });
}

/// Params: rows, width, eps. Plain loops.
pub(crate) fn residual_naive(mut args: CpuArgs) {
    let [x, residual, gamma, beta, mut sum, mut out, mut mean, mut rstd] = args.take();
    let (width, eps) = (args.size(1), args.float(2));
    let inputs = x.f32().par_chunks_exact(width).zip(residual.f32().par_chunks_exact(width));
    let outputs = out.f32_mut().par_chunks_exact_mut(width);
    let outputs = outputs.zip(sum.f32_mut().par_chunks_exact_mut(width));
    let stats = mean.f32_mut().par_iter_mut().zip(rstd.f32_mut());
    let (gamma, beta) = (gamma.f32(), beta.f32());
    inputs.zip(outputs).zip(stats).for_each(|(((x, r), (out, sum)), (mean, rstd))| {
        for j in 0..width {
            sum[j] = x[j] + r[j];
        }
        (*mean, *rstd) = plain(sum, gamma, beta, eps, out);
    });
}

fn plain(x: &[f32], gamma: &[f32], beta: &[f32], eps: f32, out: &mut [f32]) -> (f32, f32) {
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

/// Params: rows, width, eps. Vectors, several rows a task.
pub(crate) fn layernorm_block(mut args: CpuArgs) {
    let [x, gamma, beta, mut out, mut mean, mut rstd] = args.take();
    let (width, eps) = (args.size(1), args.float(2));
    let task = rows_per_task(width);
    let rows = out.f32_mut().par_chunks_mut(task * width).zip(x.f32().par_chunks(task * width));
    let stats = mean.f32_mut().par_chunks_mut(task).zip(rstd.f32_mut().par_chunks_mut(task));
    let (gamma, beta) = (gamma.f32(), beta.f32());
    rows.zip(stats).for_each(|((out, x), (mean, rstd))| {
        widest(Rows { x, gamma, beta, eps, out, mean, rstd });
    });
}

/// Params: rows, width, eps. Vectors, several rows a task.
pub(crate) fn residual_block(mut args: CpuArgs) {
    let [x, residual, gamma, beta, mut sum, mut out, mut mean, mut rstd] = args.take();
    let (width, eps) = (args.size(1), args.float(2));
    let task = rows_per_task(width);
    let chunk = task * width;
    let inputs = x.f32().par_chunks(chunk).zip(residual.f32().par_chunks(chunk));
    let outputs = out.f32_mut().par_chunks_mut(chunk).zip(sum.f32_mut().par_chunks_mut(chunk));
    let stats = mean.f32_mut().par_chunks_mut(task).zip(rstd.f32_mut().par_chunks_mut(task));
    let (gamma, beta) = (gamma.f32(), beta.f32());
    inputs.zip(outputs).zip(stats).for_each(|(((x, r), (out, sum)), (mean, rstd))| {
        for ((sum, x), r) in sum.iter_mut().zip(x).zip(r) {
            *sum = x + r;
        }
        widest(Rows { x: sum, gamma, beta, eps, out, mean, rstd });
    });
}

struct Rows<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    beta: &'a [f32],
    eps: f32,
    out: &'a mut [f32],
    mean: &'a mut [f32],
    rstd: &'a mut [f32],
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
