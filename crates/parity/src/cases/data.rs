use super::{Entry, Work};
use crate::bench::{Run, Shapes};
use crate::{Outcome, Probe};
use strata_check::{Tolerance, oracle::embedding as oracle, sample};
use strata_ml::data::{embedding_backward, embedding_forward, embedding_positions_backward};
use strata_ml::device::StepState;
use strata_ml::tensor::Tensor;

pub(super) const CASES: &[Entry] = &[
    ("embedding", forward),
    ("embedding_backward", tokens),
    ("embedding_positions_backward", positions),
];

pub(super) const WORKLOADS: &[Work] = &[
    ("embedding", |s, d| {
        let ids = d.indices(&[s.batch, s.context], s.vocab)?;
        let (tokens, places) = (d.noise(&[s.vocab, s.width])?, d.noise(&[s.context, s.width])?);
        Run::new(embedded(s), move || {
            Ok(embedding_forward(&ids, &tokens, Some(&places), None).map(drop)?)
        })
    }),
    ("embedding_backward", |s, d| {
        let ids = d.indices(&[s.batch, s.context], s.vocab)?;
        let dy = d.noise(&[s.batch, s.context, s.width])?;
        let table = d.wide_noise(&[s.vocab, s.width])?;
        Run::new(embedded(s), move || Ok(embedding_backward(&ids, &dy, &table, true)?))
    }),
    ("embedding_positions_backward", |s, d| {
        let ids = d.indices(&[s.batch, s.context], s.vocab)?;
        let dy = d.noise(&[s.batch, s.context, s.width])?;
        let table = d.wide_noise(&[s.context, s.width])?;
        Run::new(embedded(s), move || Ok(embedding_positions_backward(&ids, &dy, &table, true)?))
    }),
];

/// Batch, rows, width, vocabulary; the context is two longer than the rows.
const SHAPES: [[usize; 4]; 6] = [
    [1, 1, 1, 1],
    [2, 7, 33, 11],
    [3, 40, 130, 50],
    [2, 5, 300, 400],
    // More batches, and more tokens of few kinds, than some devices add up in one launch.
    [70_001, 1, 1, 2],
    [2, 35_000, 1, 1],
];

fn ids(probe: &Probe, [batch, rows, _, vocab]: [usize; 4]) -> Outcome<(Vec<i32>, Tensor)> {
    // Some rows of the table are named often, some never.
    let ids = sample::tokens(1, batch * rows, vocab.div_ceil(2) as u32);
    let unsigned: Vec<u32> = ids.iter().map(|&i| i as u32).collect();
    Ok((ids, probe.tensor(&unsigned, &[batch, rows])?))
}

fn forward(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        let [_, rows, width, vocab] = shape;
        let (list, ids) = ids(probe, shape)?;
        let (table, tokens) = probe.normal(2, &[vocab, width])?;
        let (places, positions) = probe.normal(3, &[rows + 2, width])?;
        let (table, places) = (sample::widen(&table), sample::widen(&places));
        let want = |places, start| oracle::forward(&list, rows, width, &table, places, start);
        let what = |part: &str| format!("{part}, {shape:?}");
        let close = Tolerance::close(0.0, 1.2e-7);
        probe.device().trim();
        let Some(got) = probe.taken(embedding_forward(&ids, &tokens, None, None))? else {
            continue;
        };
        probe.check(&what("tokens"), &got, &want(None, 0), &Tolerance::Exact)?;
        let got = embedding_forward(&ids, &tokens, Some(&positions), None)?;
        probe.check(&what("with positions"), &got, &want(Some(&places), 0), &close)?;
        let state = probe.device().step_state(StepState { position: 2, ..StepState::default() })?;
        let got = embedding_forward(&ids, &tokens, Some(&positions), Some(&state))?;
        probe.check(&what("from position 2"), &got, &want(Some(&places), 2), &close)?;
    }
    Ok(())
}

fn tokens(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        for accumulate in [false, true] {
            gradient(probe, shape, accumulate, true)?;
        }
    }
    Ok(())
}

fn positions(probe: &mut Probe) -> Outcome {
    for shape in SHAPES {
        for accumulate in [false, true] {
            gradient(probe, shape, accumulate, false)?;
        }
    }
    Ok(())
}

fn gradient(probe: &mut Probe, shape: [usize; 4], accumulate: bool, tokens: bool) -> Outcome {
    let [batch, rows, width, vocab] = shape;
    let context = rows + 2;
    let (list, ids) = ids(probe, shape)?;
    let (upstream, dy) = probe.normal(4, &[batch, rows, width])?;
    let table = if tokens { [vocab, width] } else { [context, width] };
    let (start, held) = probe.wide_normal(5, &table)?;
    let out = if accumulate { held } else { probe.wide_poison(&table)? };
    let run = if tokens { embedding_backward } else { embedding_positions_backward };
    if probe.taken(run(&ids, &dy, &out, accumulate))?.is_none() {
        return Ok(());
    }
    let sums = |dy: &[f64]| {
        let both = oracle::backward(&list, rows, width, vocab, context, dy);
        if tokens { both.dtokens } else { both.dpositions }
    };
    let wide = sample::widen(&upstream);
    let (mut want, mut sizes) =
        (sums(&wide), sums(&wide.iter().map(|x| x.abs()).collect::<Vec<_>>()));
    for (i, start) in start.iter().enumerate().filter(|_| accumulate) {
        want[i] += f64::from(*start);
        sizes[i] += f64::from(start.abs());
    }
    let terms = if tokens { batch * rows } else { batch };
    let what = format!("{shape:?}, accumulate {accumulate}");
    probe.check(&what, &out, &want, &Tolerance::sum(terms, sizes))
}

fn embedded(s: &Shapes) -> String {
    format!("{:?} of [{}, {}]", [s.batch, s.context], s.vocab, s.width)
}
