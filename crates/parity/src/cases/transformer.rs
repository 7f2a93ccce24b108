use super::{Entry, Work};
use crate::bench::{Run, tenth_step};
use crate::{Outcome, Probe};
use strata_check::{Tolerance, oracle::dropout as oracle, sample};
use strata_ml::device::StepState;
use strata_ml::transformer::{self, LayerCache, dropout_forward};

pub(super) const CASES: &[Entry] = &[("dropout", dropout), ("kv_append", kv_append)];

pub(super) const WORKLOADS: &[Work] = &[
    ("dropout", |s, d| {
        let (x, r) = (d.noise(&[s.rows(), s.width])?, d.noise(&[s.rows(), s.width])?);
        let state = tenth_step(d)?;
        Run::new(format!("{:?}, with a residual", x.shape()), move || {
            Ok(dropout_forward(&x, Some(&r), 0.2, 1, &state).map(drop)?)
        })
    }),
    ("kv_append", |s, d| {
        let shape = [s.batch, s.heads, s.context, s.width / s.heads];
        let cache = LayerCache { keys: d.noise(&shape)?, values: d.noise(&shape)? };
        let qkv = d.noise(&[s.batch, s.context, 3 * s.width])?;
        let state = d.step_state(StepState::default())?;
        let label = format!("{:?}, keys and values", qkv.shape());
        Run::new(label, move || Ok(cache.append(&qkv, &state)?))
    }),
];

fn dropout(probe: &mut Probe) -> Outcome {
    for (n, p) in [(1, 0.5), (67, 0.2), (257, 0.0), (3001, 0.9f32)] {
        let (seed, step, op) = (n as u32 * 77, 5, 3);
        let state = probe.device().step_state(StepState { seed, step, ..StepState::default() })?;
        let keep = oracle::keep(seed.into(), step, op, p.into(), n);
        let ((data, x), (other, residual)) = (probe.normal(1, &[n])?, probe.normal(2, &[n])?);
        let want = oracle::dropout(&sample::widen(&data), &keep, p.into());
        let Some(got) = probe.taken(dropout_forward(&x, None, p, op, &state))? else { continue };
        probe.check(&format!("[{n}], p {p}"), &got, &want, &Tolerance::close(0.0, 3e-7))?;
        let got = dropout_forward(&x, Some(&residual), p, op, &state)?;
        let want: Vec<f64> = want.iter().zip(&other).map(|(w, r)| w + f64::from(*r)).collect();
        let what = format!("[{n}], p {p}, with a residual");
        probe.check(&what, &got, &want, &Tolerance::close(1e-5, 3e-7))?;
    }
    Ok(())
}

fn kv_append(probe: &mut Probe) -> Outcome {
    let (batch, heads, positions, dim) = (2, 3, 8, 5);
    // The last: two of its rows lie beyond the cache's end and are dropped.
    for (rows, start) in [(1, 0), (3, 2), (8, 0), (4, 6)] {
        let shape = [batch, heads, positions, dim];
        let (keys, values) = (probe.normal(1, &shape)?, probe.normal(2, &shape)?);
        let state = StepState { position: start as u32, ..StepState::default() };
        let state = probe.device().step_state(state)?;
        let width = heads * dim;
        let (data, qkv) = probe.normal(3, &[batch, rows, 3 * width])?;
        let cache = LayerCache { keys: keys.1, values: values.1 };
        // The chapter's own error: within it, the rung's.
        let run = match cache.append(&qkv, &state) {
            Err(transformer::Error::Tensor(error)) => Err(error),
            other => Ok(other?),
        };
        if probe.taken(run)?.is_none() {
            continue;
        }
        for (part, held, got) in [(1, &keys.0, &cache.keys), (2, &values.0, &cache.values)] {
            let mut want = sample::widen(held);
            for (i, want) in want.iter_mut().enumerate() {
                let (c, at) = (i % dim, i / dim % positions);
                let (head, b) = (i / dim / positions % heads, i / dim / positions / heads);
                if (start..start + rows).contains(&at) {
                    let row = b * rows + at - start;
                    *want = f64::from(data[row * 3 * width + part * width + head * dim + c]);
                }
            }
            let what = if part == 1 { "keys" } else { "values" };
            probe.check(what, got, &want, &Tolerance::Exact)?;
        }
    }
    Ok(())
}
