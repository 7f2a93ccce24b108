use super::{Entry, Work};
use crate::bench::{Run, Scale, elementwise, label, rows};
use crate::{Outcome, Probe};
use strata_check::{Tolerance, oracle, sample};
use strata_ml::gelu::{gelu_backward, gelu_forward};

pub(super) const CASES: &[Entry] = &[("gelu", forward), ("gelu_backward", backward)];

pub(super) const WORKLOADS: &[Work] = &[
    ("gelu", |s, d| {
        let x = d.noise(&[s.rows(), 4 * s.width])?;
        Run::new(label(&x), move || Ok(gelu_forward(&x).map(drop)?))
    }),
    ("gelu_backward", |s, d| {
        let shape = [s.rows(), 4 * s.width];
        let (x, dy) = (d.noise(&shape)?, d.noise(&shape)?);
        Run::new(label(&x), move || Ok(gelu_backward(&x, &dy).map(drop)?))
    }),
];

pub(super) const SCALES: &[Scale] =
    &[elementwise("gelu", |n| rows(1, n / 4)), elementwise("gelu_backward", |n| rows(1, n / 4))];

const SIZES: [usize; 5] = [1, 2, 255, 257, 1030];

fn input(probe: &Probe, n: usize) -> Vec<f32> {
    probe.held(sample::uniform(n as u64, n, -6.0, 6.0))
}

fn forward(probe: &mut Probe) -> Outcome {
    let rule = Tolerance::close(1e-6, 2e-6);
    for n in SIZES {
        let data = input(probe, n);
        let y = gelu_forward(&probe.tensor(&data, &[n])?)?;
        probe.check(&format!("[{n}]"), &y, &oracle::gelu::forward(&sample::widen(&data)), &rule)?;
    }
    // As far as the narrowest format that they are kept in.
    let most = if probe.stores_halves() { 60_000.0 } else { 1e30 };
    let far = vec![-most, -1e4, -100.0, -20.0, -0.0, 0.0, 20.0, 100.0, 1e4, most];
    let far = probe.held(far);
    let y = gelu_forward(&probe.tensor(&far, &[2, 5])?)?;
    probe.check("far out", &y, &oracle::gelu::forward(&sample::widen(&far)), &rule)
}

fn backward(probe: &mut Probe) -> Outcome {
    for n in SIZES {
        let data = input(probe, n);
        let x = probe.tensor(&data, &[n])?;
        let (upstream, dy) = probe.normal(9, &[n])?;
        let want = oracle::gelu::backward(&sample::widen(&data), &sample::widen(&upstream));
        let dx = gelu_backward(&x, &dy)?;
        probe.check(&format!("[{n}]"), &dx, &want, &Tolerance::close(1e-6, 2e-6))?;
    }
    Ok(())
}
