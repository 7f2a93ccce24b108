use rayon::prelude::*;
use strata_device::CpuArgs;
use strata_gelu::lanes::sum;
use strata_gelu::simd::{Body, widest};

/// Params: rows, width. Bindings: x, gamma, mean, rstd, dy, dx.
pub(crate) fn backward_naive(mut args: CpuArgs) {
    let [x, gamma, mean, rstd, dy, mut dx] = args.take();
    let (width, gamma) = (args.size(1), gamma.f32());
    let inputs = x.f32().par_chunks_exact(width).zip(dy.f32().par_chunks_exact(width));
    let stats = mean.f32().par_iter().zip(rstd.f32());
    let rows = dx.f32_mut().par_chunks_exact_mut(width).zip(inputs).zip(stats);
    rows.for_each(|((dx, (x, dy)), (mean, rstd))| {
        let (mut sum_g, mut sum_gx) = (0.0, 0.0);
        for j in 0..width {
            let g = dy[j] * gamma[j];
            sum_g += g;
            sum_gx += g * (x[j] - mean) * rstd;
        }
        let (mean_g, mean_gx) = (sum_g / width as f32, sum_gx / width as f32);
        for j in 0..width {
            let xhat = (x[j] - mean) * rstd;
            dx[j] = rstd * (dy[j] * gamma[j] - mean_g - xhat * mean_gx);
        }
    });
}

/// Params: rows, width, accumulate. Bindings: x, mean, rstd, dy, dgamma, dbeta. A column at a time.
pub(crate) fn parameters_naive(mut args: CpuArgs) {
    let [x, mean, rstd, dy, mut dgamma, mut dbeta] = args.take();
    let (rows, width, keep) = (args.size(0), args.size(1), args.params[2] as f32);
    let (x, mean, rstd, dy) = (x.f32(), mean.f32(), rstd.f32(), dy.f32());
    let targets = dgamma.f32_mut().par_iter_mut().zip(dbeta.f32_mut());
    targets.enumerate().for_each(|(j, (dgamma, dbeta))| {
        let (mut gain, mut bias) = (0.0, 0.0);
        for r in 0..rows {
            let i = r * width + j;
            gain += dy[i] * (x[i] - mean[r]) * rstd[r];
            bias += dy[i];
        }
        put(dgamma, gain, keep);
        put(dbeta, bias, keep);
    });
}

/// `*target = value`, or `+=` with `keep` 1. A product would turn old NaNs into new ones.
fn put(target: &mut f32, value: f32, keep: f32) {
    *target = if keep > 0.0 { *target + value } else { value };
}

/// Params: rows, width, rows in a chunk. Bindings: x, gamma, mean, rstd, dy, dx, partial.
pub(crate) fn backward_block(mut args: CpuArgs) {
    let [x, gamma, mean, rstd, dy, mut dx, mut partial] = args.take();
    let (width, rows, gamma) = (args.size(1), args.size(2), gamma.f32());
    let chunk = rows * width;
    let inputs = x.f32().par_chunks(chunk).zip(dy.f32().par_chunks(chunk));
    let stats = mean.f32().par_chunks(rows).zip(rstd.f32().par_chunks(rows));
    let outputs = dx.f32_mut().par_chunks_mut(chunk);
    let outputs = outputs.zip(partial.f32_mut().par_chunks_exact_mut(2 * width));
    outputs.zip(inputs).zip(stats).for_each(|(((dx, partial), (x, dy)), (mean, rstd))| {
        let (dgamma, dbeta) = partial.split_at_mut(width);
        widest(Rows { x, gamma, mean, rstd, dy, dx, dgamma, dbeta });
    });
}

struct Rows<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    mean: &'a [f32],
    rstd: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
    dgamma: &'a mut [f32],
    dbeta: &'a mut [f32],
}

impl Body for Rows<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let width = self.gamma.len();
        self.dgamma.fill(0.0);
        self.dbeta.fill(0.0);
        let inputs = self.x.chunks_exact(width).zip(self.dy.chunks_exact(width));
        let rows = inputs.zip(self.dx.chunks_exact_mut(width));
        for (((x, dy), dx), (&mean, &rstd)) in rows.zip(self.mean.iter().zip(self.rstd)) {
            // region: input
            let mean_g = sum([dy, self.gamma], |[dy, gamma]| dy * gamma) / width as f32;
            let product = |[x, dy, gamma]: [f32; 3]| dy * gamma * ((x - mean) * rstd);
            let mean_gx = sum([x, dy, self.gamma], product) / width as f32;
            let params = self.dgamma.iter_mut().zip(self.dbeta.iter_mut()).zip(self.gamma);
            let data = x.iter().zip(dy).zip(dx);
            for (((x, dy), dx), ((dgamma, dbeta), gamma)) in data.zip(params) {
                let xhat = (x - mean) * rstd;
                *dgamma += dy * xhat;
                *dbeta += dy;
                *dx = rstd * (dy * gamma - mean_g - xhat * mean_gx);
            }
            // end: input
        }
    }
}

/// Params: rows, width. Bindings: x, gamma, mean, rstd, dy, dx. A row a task, vectors.
pub(crate) fn backward_wide(mut args: CpuArgs) {
    let [x, gamma, mean, rstd, dy, mut dx] = args.take();
    let (width, gamma) = (args.size(1), gamma.f32());
    let inputs = x.f32().par_chunks_exact(width).zip(dy.f32().par_chunks_exact(width));
    let stats = mean.f32().par_iter().zip(rstd.f32());
    let rows = dx.f32_mut().par_chunks_exact_mut(width).zip(inputs).zip(stats);
    rows.for_each(|((dx, (x, dy)), (&mean, &rstd))| widest(Wide { x, gamma, mean, rstd, dy, dx }));
}

struct Wide<'a> {
    x: &'a [f32],
    gamma: &'a [f32],
    mean: f32,
    rstd: f32,
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Body for Wide<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (width, mean, rstd) = (self.x.len() as f32, self.mean, self.rstd);
        let mean_g = sum([self.dy, self.gamma], |[dy, gamma]| dy * gamma) / width;
        let product = |[x, dy, gamma]: [f32; 3]| dy * gamma * ((x - mean) * rstd);
        let mean_gx = sum([self.x, self.dy, self.gamma], product) / width;
        let inputs = self.x.iter().zip(self.dy).zip(self.gamma);
        for (dx, ((x, dy), gamma)) in self.dx.iter_mut().zip(inputs) {
            *dx = rstd * (dy * gamma - mean_g - (x - mean) * rstd * mean_gx);
        }
    }
}

/// Params: chunks, width, accumulate. Bindings: partial, dgamma, dbeta.
pub(crate) fn parameters_block(mut args: CpuArgs) {
    let [partial, mut dgamma, mut dbeta] = args.take();
    let (chunks, width, keep) = (args.size(0), args.size(1), args.params[2] as f32);
    let mut sums = vec![0.0; 2 * width];
    for row in partial.f32().chunks_exact(2 * width).take(chunks) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let (gain, bias) = sums.split_at(width);
    dgamma.f32_mut().iter_mut().zip(gain).for_each(|(to, &x)| put(to, x, keep));
    dbeta.f32_mut().iter_mut().zip(bias).for_each(|(to, &x)| put(to, x, keep));
}
