use super::{Entry, Work};
use crate::bench::{Inputs, Run, Scale, Shapes, elementwise, label, of_1024};
use crate::{Outcome, Probe};
use strata_check::{Tolerance, oracle::layernorm as oracle, sample};
use strata_ml::layernorm::{
    Normalized, ParameterGrads, layernorm_backward, layernorm_forward, residual_layernorm_forward,
};
use strata_ml::tensor::Tensor;

pub(super) const CASES: &[Entry] =
    &[("layernorm", forward), ("residual_layernorm", residual), ("layernorm_backward", backward)];

pub(super) const WORKLOADS: &[Work] = &[
    ("layernorm", |s, d| {
        let [x, _, gamma, beta] = normed(s, d)?;
        Run::new(label(&x), move || Ok(layernorm_forward(&x, &gamma, &beta, 1e-5).map(drop)?))
    }),
    ("residual_layernorm", |s, d| {
        let [x, r, gamma, beta] = normed(s, d)?;
        let call = move || Ok(residual_layernorm_forward(&x, &r, &gamma, &beta, 1e-5).map(drop)?);
        Run::new(format!("{:?}", [s.rows(), s.width]), call)
    }),
    ("layernorm_backward", |s, d| {
        let [x, dy, gamma, beta] = normed(s, d)?;
        let stats = layernorm_forward(&x, &gamma, &beta, 1e-5)?;
        let to = ParameterGrads { dgamma: gamma.add(&gamma)?, dbeta: beta, accumulate: true };
        Run::new(label(&x), move || {
            let (mean, rstd) = (&stats.mean, &stats.rstd);
            Ok(layernorm_backward(&x, &gamma, mean, rstd, &dy, Some(&to)).map(drop)?)
        })
    }),
];

pub(super) const SCALES: &[Scale] = &[
    elementwise("layernorm", of_1024),
    elementwise("residual_layernorm", of_1024),
    elementwise("layernorm_backward", of_1024),
];

const EPS: f32 = 1e-5;

/// Rows, width and where the row lies: short rows, several to a workgroup, wider than a block, many;
/// the widest that a block holds and one more, near zero and so far away that neighbors in f32 lie
/// 2^-8 apart.
const SHAPES: [(usize, usize, f32); 9] = [
    (3, 5, 5.0),
    (17, 200, 5.0),
    (70, 384, 5.0),
    (2, 1025, 5.0),
    (300, 7, 5.0),
    (2, 8192, 5.0),
    (2, 8193, 5.0),
    (1, 8192, 60_000.0),
    (2, 8193, -60_000.0),
];

struct Data {
    shape: [usize; 2],
    x: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
    offset: f32,
}

impl Data {
    fn new(probe: &Probe, (rows, width, offset): (usize, usize, f32)) -> Self {
        // Far away, 16 bits make all of a row one number.
        let offset = if probe.stores_halves() { offset.clamp(-5.0, 5.0) } else { offset };
        // Off centre and of another scale, so that a wrong mean shows.
        let x = sample::normal(1, rows * width).iter().map(|x| 3.0 * x + offset).collect();
        let x = probe.held(x);
        let gamma = sample::uniform(2, width, 0.5, 2.0);
        Data { shape: [rows, width], x, gamma, beta: sample::normal(3, width), offset }
    }

    /// What f32 cannot tell from the mean: half the distance of neighbors there. A row's mean may be
    /// off by some of these if its sum is made in parts, and is off by tens if not.
    fn blur(&self) -> f64 {
        f64::from(self.offset.abs()) * f64::from(f32::EPSILON) / 2.0
    }

    /// Room for the error of one running sum in the naive rung.
    fn long(&self) -> f64 {
        1.0 + self.shape[1] as f64 / 2000.0
    }

    fn tensors(&self, probe: &Probe) -> Outcome<[Tensor; 3]> {
        let width = &self.shape[1..];
        Ok([
            probe.tensor(&self.x, &self.shape)?,
            probe.wide(&self.gamma, width)?,
            probe.wide(&self.beta, width)?,
        ])
    }
}

/// The largest rstd: it scales the rounding of `x - mean`.
fn steep(want: &oracle::Normalized) -> f64 {
    want.rstd.iter().fold(1.0, |a: f64, &b| a.max(b))
}

/// `seen` is what the oracle makes of what was stored on the way.
fn compare(
    probe: &mut Probe,
    d: &Data,
    got: &Normalized,
    want: &oracle::Normalized,
    seen: oracle::Normalized,
) -> Outcome {
    let (steep, long, blur) = (steep(want), d.long(), 4.0 * d.blur());
    let what = |part: &str| format!("{part} of {:?} at {}", d.shape, d.offset);
    let rule = Tolerance::close(5e-6 * steep * long + blur, 1e-5).and_rounded(seen.y);
    probe.check(&what("y"), &got.out, &want.y, &rule)?;
    let rule = Tolerance::close(5e-6 * long + blur, 1e-6).and_rounded(seen.mean);
    probe.check(&what("mean"), &got.mean, &want.mean, &rule)?;
    let rule = Tolerance::close(1e-6 + blur.powi(2), 4e-6 * steep.powi(2)).and_rounded(seen.rstd);
    probe.check(&what("rstd"), &got.rstd, &want.rstd, &rule)
}

fn forward(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let d = Data::new(probe, shape);
        let [x, gamma, beta] = d.tensors(probe)?;
        let Some(got) = probe.taken(layernorm_forward(&x, &gamma, &beta, EPS))? else { continue };
        let wide = sample::widen;
        let want = oracle::forward(&wide(&d.x), &wide(&d.gamma), &wide(&d.beta), EPS.into());
        compare(probe, &d, &got, &want, want.clone())?;
    }
    Ok(())
}

fn residual(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let d = Data::new(probe, shape);
        let (other, residual) = probe.normal(4, &d.shape)?;
        let [x, gamma, beta] = d.tensors(probe)?;
        let got = residual_layernorm_forward(&x, &residual, &gamma, &beta, EPS);
        let Some((sum, got)) = probe.taken(got)? else { continue };
        let [wx, wr, wg, wb] = [&d.x, &other, &d.gamma, &d.beta].map(|x| sample::widen(x));
        // A fused op needs no oracle of its own: it is held against its parts.
        let want_sum: Vec<f64> = wx.iter().zip(&wr).map(|(x, r)| x + r).collect();
        let want = oracle::forward(&want_sum, &wg, &wb, EPS.into());
        let rule = Tolerance::close(1e-7, 1e-7);
        probe.check(&format!("sum of {shape:?}"), &sum, &want_sum, &rule)?;
        let seen = oracle::forward(&probe.seen(&want_sum), &wg, &wb, EPS.into());
        compare(probe, &d, &got, &want, seen)?;
    }
    Ok(())
}

fn backward(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        for accumulate in [false, true] {
            gradients(probe, &Data::new(probe, shape), accumulate)?;
        }
    }
    Ok(())
}

fn gradients(probe: &mut Probe, d: &Data, accumulate: bool) -> Outcome {
    let [wx, wg, wb] = [&d.x, &d.gamma, &d.beta].map(|x| sample::widen(x));
    let stats = oracle::forward(&wx, &wg, &wb, EPS.into());
    let [rows, width] = d.shape;
    let [x, gamma, _] = d.tensors(probe)?;
    // The oracle's statistics, so that only the backward pass is judged.
    let mean = probe.wide(&sample::narrow(&stats.mean), &[rows])?;
    let rstd = probe.wide(&sample::narrow(&stats.rstd), &[rows])?;
    let (upstream, dy) = probe.normal(5, &d.shape)?;
    let to = |seed| -> Outcome<_> {
        let (start, held) = probe.wide_normal(seed, &[width])?;
        Ok((start, if accumulate { held } else { probe.wide_poison(&[width])? }))
    };
    let ((g0, dgamma), (b0, dbeta)) = (to(6)?, to(7)?);
    let to = ParameterGrads { dgamma, dbeta, accumulate };
    let got = layernorm_backward(&x, &gamma, &mean, &rstd, &dy, Some(&to));
    let Some(dx) = probe.taken(got)? else { return Ok(()) };

    let want = oracle::backward(&wx, &wg, &sample::widen(&upstream), EPS.into());
    let (steep, what) = (steep(&stats), |part: &str| format!("{part} of {:?}", d.shape));
    // The mean comes as f32: where it was rounded, all of the row's xhat are off by as much.
    let blur = 8.0 * d.blur() * steep.powi(2);
    let rule = Tolerance::close(1e-5 * steep.powi(2) * d.long() + blur, 1e-5);
    probe.check(&what("dx"), &dx, &want.dx, &rule)?;
    let added = |want: &[f64], start: &[f32]| -> Vec<f64> {
        let start = start.iter().map(|&s| if accumulate { f64::from(s) } else { 0.0 });
        want.iter().zip(start).map(|(w, s)| w + s).collect()
    };
    let rule = Tolerance::close((2e-6 * (8.0 + steep) + blur) * (rows as f64).sqrt(), 1e-5);
    probe.check(&what("dgamma"), &to.dgamma, &added(&want.dgamma, &g0), &rule)?;
    probe.check(&what("dbeta"), &to.dbeta, &added(&want.dbeta, &b0), &rule)
}

/// Two tensors of activations, and gain and bias.
fn normed(s: &Shapes, d: &Inputs) -> Outcome<[Tensor; 4]> {
    let shape = [s.rows(), s.width];
    let vector = || d.wide_noise(&[s.width]);
    Ok([d.noise(&shape)?, d.noise(&shape)?, vector()?, vector()?])
}
