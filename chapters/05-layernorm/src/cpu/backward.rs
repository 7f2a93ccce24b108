use crate::backward::{gather, input_gradient, sum_chunks, sum_rows};
use rayon::prelude::*;
use strata_lanes::{Body, sum, widest};

pub(crate) fn backward_naive(
    input_gradient::Cpu { x, gamma, mean, rstd, dy, dx, params, .. }: input_gradient::Cpu<'_>,
) {
    let width = params.width;
    let inputs = x.par_chunks_exact(width).zip(dy.par_chunks_exact(width));
    let stats = mean.par_iter().zip(rstd);
    let rows = dx.par_chunks_exact_mut(width).zip(inputs).zip(stats);
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

/// A column at a time.
pub(crate) fn parameters_naive(
    sum_rows::Cpu { x, mean, rstd, dy, dgamma, dbeta, params, .. }: sum_rows::Cpu<'_>,
) {
    let sum_rows::Params { rows, width, accumulate } = params;
    let targets = dgamma.par_iter_mut().zip(dbeta);
    targets.enumerate().for_each(|(j, (dgamma, dbeta))| {
        let (mut gain, mut bias) = (0.0, 0.0);
        for r in 0..rows {
            let i = r * width + j;
            gain += dy[i] * (x[i] - mean[r]) * rstd[r];
            bias += dy[i];
        }
        put(dgamma, gain, accumulate);
        put(dbeta, bias, accumulate);
    });
}

/// `*target = value`, or `+=`. A product with 0 would turn old NaNs into new ones.
fn put(target: &mut f32, value: f32, accumulate: bool) {
    *target = if accumulate { *target + value } else { value };
}

pub(crate) fn backward_block(
    gather::Cpu { x, gamma, mean, rstd, dy, dx, partial_sums, params, .. }: gather::Cpu<'_>,
) {
    let gather::Params { width, rows_per_chunk: rows, .. } = params;
    let chunk = rows * width;
    let inputs = x.par_chunks(chunk).zip(dy.par_chunks(chunk));
    let stats = mean.par_chunks(rows).zip(rstd.par_chunks(rows));
    let outputs = dx.par_chunks_mut(chunk);
    let outputs = outputs.zip(partial_sums.par_chunks_exact_mut(2 * width));
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

/// A row a task, vectors.
pub(crate) fn backward_wide(
    input_gradient::Cpu { x, gamma, mean, rstd, dy, dx, params, .. }: input_gradient::Cpu<'_>,
) {
    let width = params.width;
    let inputs = x.par_chunks_exact(width).zip(dy.par_chunks_exact(width));
    let stats = mean.par_iter().zip(rstd);
    let rows = dx.par_chunks_exact_mut(width).zip(inputs).zip(stats);
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

pub(crate) fn parameters_block(
    sum_chunks::Cpu { partial_sums, dgamma, dbeta, params, .. }: sum_chunks::Cpu<'_>,
) {
    let sum_chunks::Params { chunks, width, accumulate } = params;
    let mut sums = vec![0.0; 2 * width];
    for row in partial_sums.chunks_exact(2 * width).take(chunks) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    let (gain, bias) = sums.split_at(width);
    dgamma.iter_mut().zip(gain).for_each(|(to, &x)| put(to, x, accumulate));
    dbeta.iter_mut().zip(bias).for_each(|(to, &x)| put(to, x, accumulate));
}
