use super::{Entry, Work};
use crate::bench::{Run, Scale, elementwise, label, rows, tenth_step};
use crate::{Outcome, Probe};
use strata_check::{Tolerance, oracle, sample};
use strata_ml::adamw::{
    AdamWConfig, NormScratch, SgdConfig, adamw, adamw_with_shadow, global_norm, global_norm_into,
    sgd, sgd_with_shadow,
};
use strata_ml::device::{Buffer, StepState};
use strata_ml::tensor::{DType, Tensor};

pub(super) const CASES: &[Entry] =
    &[("adamw", follow_adamw), ("sgd", follow_sgd), ("global_norm", norm)];

pub(super) const WORKLOADS: &[Work] = &[
    ("adamw", |s, d| {
        let [p, g] = [d.noise(&[s.parameters])?, d.noise(&[s.parameters])?];
        let zeros = || d.zeros(&[s.parameters]);
        let (m, v, state, norm) = (zeros()?, zeros()?, tenth_step(d)?, Tensor::ones(d, &[])?);
        let config = AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() };
        Run::new(label(&p), move || Ok(adamw([&p, &g, &m, &v], &state, &norm, p.numel(), config)?))
    }),
    ("sgd", |s, d| {
        let [p, g] = [d.noise(&[s.parameters])?, d.noise(&[s.parameters])?];
        let u = d.zeros(&[s.parameters])?;
        let (state, norm) = (tenth_step(d)?, Tensor::ones(d, &[])?);
        let config = SgdConfig { momentum: 0.9, clip: Some(1.0), ..SgdConfig::default() };
        let call = move || Ok(sgd(&p, &g, Some(&u), &state, &norm, p.numel(), config)?);
        Run::new(format!("[{}], momentum", s.parameters), call)
    }),
    ("global_norm", |s, d| {
        let x = d.noise(&[s.parameters])?;
        let (scratch, out) = (NormScratch::new(d, s.parameters)?, Tensor::ones(d, &[])?);
        Run::new(label(&x), move || Ok(global_norm_into(&x, &scratch, &out)?))
    }),
];

pub(super) const SCALES: &[Scale] = &[elementwise("adamw", |n| rows(1, n))];

const SIZES: [usize; 4] = [4, 257, 1000, 3001];

fn state(probe: &Probe, step: u32, lr: f32) -> Outcome<Buffer> {
    Ok(probe.device().step_state(StepState { step, lr, ..StepState::default() })?)
}

/// Gradients of a step and their norm, computed by the oracle.
fn step_gradients(n: usize, step: u32) -> (Vec<f32>, f32) {
    let g = sample::normal(u64::from(step) << 8 | n as u64, n);
    let norm = oracle::clip::global_norm(&sample::widen(&g)) as f32;
    (g, norm)
}

/// Room for a shadow that holds what it must not. The arenas are f32 in every row of the table; in those
/// of 16-bit floats that is what a shadow is kept in.
fn shadow(probe: &Probe, n: usize) -> Outcome<Option<Tensor>> {
    probe.stores_halves().then(|| probe.poison(&[n])).transpose()
}

/// The shadow is the values as they are now, rounded.
fn mirrors(probe: &mut Probe, values: &Tensor, shadow: Option<&Tensor>) -> Outcome {
    let Some(shadow) = shadow else { return Ok(()) };
    let want = probe.seen(&sample::widen(&values.to_vec::<f32>()?));
    let what = format!("shadow, {}", values.numel());
    probe.compare::<f32>(&what, &shadow.cast(DType::F32)?, &want, &Tolerance::Exact)
}

fn follow_adamw(probe: &mut Probe) -> Outcome {
    for n in SIZES {
        let (decayed, lr, max) = (n / 3, 0.01, 0.5 * (n as f32).sqrt());
        let config =
            AdamWConfig { betas: (0.9, 0.95), weight_decay: 0.1, clip: Some(max), eps: 1e-6 };
        let (values, tensor) = probe.wide_normal(1, &[n])?;
        let [m, v] = [probe.wide(&vec![0f32; n], &[n])?, probe.wide(&vec![0f32; n], &[n])?];
        let [mut p, mut wm, mut wv] = [sample::widen(&values), vec![0.0; n], vec![0.0; n]];
        let shadow = shadow(probe, n)?;
        let mut served = true;
        for step in 1..=3 {
            let (g, norm) = step_gradients(n, step);
            let (grads, norm) = (probe.wide(&g, &[n])?, probe.wide(&[norm], &[])?);
            let at = state(probe, step, lr)?;
            let all = [&tensor, &grads, &m, &v];
            let run = match &shadow {
                Some(shadow) => adamw_with_shadow(all, shadow, &at, &norm, decayed, config),
                None => adamw(all, &at, &norm, decayed, config),
            };
            served &= probe.taken(run)?.is_some();
            let mut g = sample::widen(&g);
            oracle::clip::clip(&mut g, max.into());
            let (beta1, beta2) = config.betas;
            let with = |decay: f32| oracle::adamw::AdamW {
                lr: lr.into(),
                beta1,
                beta2,
                eps: config.eps.into(),
                decay: decay.into(),
            };
            let d = decayed;
            with(config.weight_decay).step(&mut p[..d], &mut wm[..d], &mut wv[..d], &g[..d], step);
            with(0.0).step(&mut p[d..], &mut wm[d..], &mut wv[d..], &g[d..], step);
        }
        if !served {
            continue;
        }
        probe.check(&format!("values, {n}"), &tensor, &p, &Tolerance::close(2e-6, 2e-6))?;
        probe.check(&format!("m, {n}"), &m, &wm, &Tolerance::close(1e-6, 2e-6))?;
        probe.check(&format!("v, {n}"), &v, &wv, &Tolerance::close(1e-7, 4e-6))?;
        mirrors(probe, &tensor, shadow.as_ref())?;
    }
    Ok(())
}

fn follow_sgd(probe: &mut Probe) -> Outcome {
    for (n, momentum) in SIZES.into_iter().flat_map(|n| [(n, 0.0), (n, 0.9f32)]) {
        let (decayed, lr) = (n / 3, 0.1f32);
        let config = SgdConfig { momentum, weight_decay: 0.01, clip: Some(3.0) };
        let (values, tensor) = probe.wide_normal(1, &[n])?;
        let velocity = probe.wide(&vec![0f32; n], &[n])?;
        let [mut want, mut u] = [sample::widen(&values), vec![0.0; n]];
        let shadow = shadow(probe, n)?;
        let mut served = true;
        for step in 1..=3 {
            let (g, norm) = step_gradients(n, step);
            let (grads, norm) = (probe.wide(&g, &[n])?, probe.wide(&[norm], &[])?);
            let held = (momentum > 0.0).then_some(&velocity);
            let at = state(probe, step, lr)?;
            let run = match &shadow {
                Some(shadow) => {
                    let values = [&tensor, shadow];
                    sgd_with_shadow(values, &grads, held, &at, &norm, decayed, config)
                }
                None => sgd(&tensor, &grads, held, &at, &norm, decayed, config),
            };
            served &= probe.taken(run)?.is_some();
            let mut g = sample::widen(&g);
            oracle::clip::clip(&mut g, 3.0);
            for i in 0..decayed {
                g[i] += f64::from(config.weight_decay) * want[i];
            }
            oracle::sgd::momentum(&mut want, &mut u, &g, lr.into(), momentum.into());
        }
        if served {
            let what = format!("{n} values, momentum {momentum}");
            probe.check(&what, &tensor, &want, &Tolerance::close(2e-6, 2e-6))?;
            mirrors(probe, &tensor, shadow.as_ref())?;
        }
    }
    Ok(())
}

fn norm(probe: &mut Probe) -> Outcome {
    for n in [1, 257, 9000, 70_001] {
        let (data, x) = probe.normal(n as u64, &[n])?;
        let Some(got) = probe.taken(global_norm(&x))? else { continue };
        let want = oracle::clip::global_norm(&sample::widen(&data));
        probe.check(&format!("[{n}]"), &got, &[want], &Tolerance::close(1e-30, 2e-6))?;
    }
    Ok(())
}
