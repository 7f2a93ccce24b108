//! FlashAttention, forward: the engine's rung `3_flash1`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "queries, keys, values and mask made here, and indexes that count them, below 2^32"
)]

use super::slips::{
    FUTURE, FUTURE_SAYS, Head, How, NOTHING, NOTHING_SAYS, UNSCALED, UNSCALED_SAYS,
};
use crate::{Language, Outcome, Question, Trial};
use std::ops::Range;
use strata_check::oracle::attention::Attention;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::attention::{Options, forward};
use strata_ml::device::StepState;
use strata_ml::device::random::{philox, uniform};

const STATE: StepState =
    StepState { step: 7, seed: 42, lr: 0.0, loss_scale: 1.0, position: 0, reserved: [0; 3] };
const OP: u32 = 5;
/// Queries of a workgroup.
const QUERIES: usize = 64;

#[derive(Clone, Copy)]
struct Shape {
    heads: usize,
    rows: usize,
    keys: usize,
    dim: usize,
    causal: bool,
    dropout: f32,
}

const SMALL: Shape = Shape { heads: 1, rows: 2, keys: 2, dim: 1, causal: true, dropout: 0.0 };

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // All keys are alike: a row's output is the mean of what it sees, 2 and 3.
    ask(trial, SMALL, [&[0.; 2], &[0.; 2], &[2., 4.]]).await?;
    // Scores 0 and ln 3 under a scale of 1/2: a quarter and three quarters of 0 and 4.
    let pair = Shape { rows: 1, dim: 4, causal: false, ..SMALL };
    let key = [0., 0., 0., 0., 3f32.ln(), 0., 0., 0.];
    ask(trial, pair, [&[2., 0., 0., 0.], &key, &[0., 0., 0., 0., 4., 4., 4., 4.]]).await?;
    // Two tiles of keys and more. The keys get better and better: the maximum moves with every tile.
    let rising = Shape { rows: 1, keys: 150, dim: 1, causal: false, ..SMALL };
    let keys: Vec<f32> = (0..150).map(|j| j as f32 / 10.).collect();
    ask(trial, rising, [&[1.], &keys, &keys]).await?;
    for (heads, rows, keys, dim, causal, dropout) in [
        (2, 3, 3, 4, true, 0.0),
        (3, 40, 40, 16, true, 0.0),
        (1, 5, 70, 32, false, 0.0),
        (2, 5, 70, 20, true, 0.0),
        (2, 150, 150, 33, true, 0.0),
        (1, 9, 70, 8, true, 0.5),
        (1, 70, 200, 64, true, 0.0),
        (8, 200, 200, 32, true, 0.0),
    ] {
        let shape = Shape { heads, rows, keys, dim, causal, dropout };
        let data = [(1, rows), (2, keys), (3, keys)]
            .map(|(seed, n)| sample::normal(seed, heads * n * dim));
        ask(trial, shape, data.each_ref().map(Vec::as_slice)).await?;
    }
    trial.contract().await
}

/// Keys of a tile: as many as the kernel's memory holds.
fn tile(language: Language, dim: usize) -> usize {
    match language {
        Language::Cuda => 64,
        _ => 1024 / dim.next_multiple_of(32) / 2 * 2,
    }
}

/// Who writes a number of the output: the last tile of a head's queries comes first.
fn owner(i: usize, shape: Shape, language: Language) -> Owner {
    let (d, row, head) = (i % shape.dim, i / shape.dim % shape.rows, i / shape.dim / shape.rows);
    let tiles = shape.rows.div_ceil(QUERIES);
    let columns = match language {
        Language::Cuda => shape.dim.next_multiple_of(16) / 4,
        _ => shape.dim.next_multiple_of(32) / 2,
    };
    let work = head * tiles + tiles - 1 - row / QUERIES;
    let lane = row % QUERIES + d / columns * QUERIES;
    Owner { workgroup: [work as u32, 0, 0], lane: lane as u32 }
}

/// Dropout's factors, as chapter 7 draws them.
fn factor(shape: Shape, head: usize, row: usize, key: usize) -> f64 {
    if shape.dropout == 0.0 {
        return 1.0;
    }
    let counter = [(key / 64 * 16 + key % 16) as u32, row as u32, head as u32, OP];
    let word = philox(counter, [STATE.seed, STATE.step])[key / 16 % 4];
    if uniform(word) >= shape.dropout { 1.0 / (1.0 - f64::from(shape.dropout)) } else { 0.0 }
}

async fn ask(trial: &mut Trial, shape: Shape, data: [&[f32]; 3]) -> Outcome {
    let Shape { heads, rows, keys, dim, causal, dropout } = shape;
    let options = if causal { Options::causal() } else { Options::full() };
    let options = match dropout > 0.0 {
        true => options.dropout(dropout, OP, &trial.device().step_state(STATE)?),
        false => options,
    };
    let sizes = [rows, keys, keys].map(|n| [1, heads, n, dim]);
    let q = trial.tensor(data[0], &sizes[0])?;
    let k = trial.tensor(data[1], &sizes[1])?;
    let v = trial.tensor(data[2], &sizes[2])?;
    let got = forward(&q, &k, &v, &options)?;

    let wide = data.map(sample::widen);
    let mut mask = Vec::with_capacity(heads * rows * keys);
    for at in 0..heads * rows {
        mask.extend((0..keys).map(|key| factor(shape, at / rows, at % rows, key)));
    }
    let oracle = Attention {
        batch: 1,
        heads,
        rows,
        keys,
        head_dim: dim,
        causal,
        scale: 1.0 / (dim as f64).sqrt(),
        dropout: Some(&mask),
        key_mask: None,
    };
    let want = oracle.forward(&wide[0], &wide[1], &wide[2]);

    let seen = |row: usize| if causal { keys - rows + row + 1 } else { keys };
    let language = trial.language();
    let tile = tile(language, dim);
    // Without a mask a row sees whatever its workgroup loads.
    let loaded = |row: usize| {
        let last = rows.min((row / QUERIES + 1) * QUERIES) - 1;
        seen(last).next_multiple_of(tile).min(keys)
    };
    type Seen<'a> = &'a dyn Fn(usize) -> Range<usize>;
    let each = |scale: f64, how: How, sees: Seen, dropped_too: bool| -> Vec<f64> {
        let head = |h: usize| {
            let part = |x: usize, n: usize| &wide[x][h * n * dim..][..n * dim];
            let head = Head { q: part(0, rows), k: part(1, keys), v: part(2, keys), dim, scale };
            let row = |row: usize| {
                let factors = |key: usize| {
                    let factor = mask[(h * rows + row) * keys + key];
                    (if dropped_too { factor } else { 1.0 }, factor)
                };
                head.weighted(row, sees(row), how, factors)
            };
            (0..rows).flat_map(row).collect::<Vec<f64>>()
        };
        (0..heads).flat_map(head).collect()
    };
    let (scale, right, all): (f64, How, Seen) =
        (oracle.scale, How::right(tile), &|row| 0..seen(row));
    let mut question = Question::new("out", &got.out)
        .input("q", &sizes[0])
        .input("k", &sizes[1])
        .input("v", &sizes[2])
        .owner(|i| owner(i, shape, language))
        .suspect(NOTHING, NOTHING_SAYS, vec![f64::NAN; heads * rows * dim])
        .suspect(UNSCALED, UNSCALED_SAYS, each(1.0, right, all, false))
        .suspect(FUTURE, FUTURE_SAYS, each(scale, right, &|row| 0..loaded(row), false))
        .suspect(
            "last-tile-only",
            "only the last tile of keys is in the output. Are m, l and o begun anew with each?",
            each(scale, right, &|row| (seen(row) - 1) / tile * tile..seen(row), false),
        )
        .suspect(
            "dropout-in-the-sum",
            "what is dropped is missing in l too. The softmax is made first, and dropped from after: l \
             takes every weight, o those that are kept",
            each(scale, right, all, true),
        );
    for (name, says, how) in How::slips(tile) {
        question = question.suspect(name, says, each(scale, how, all, false));
    }
    trial.check(question, &want.out, &Tolerance::close(4e-6, 2e-5)).await?;
    let question = Question::new("lse", &got.lse).input("q", &sizes[0]).input("k", &sizes[1]);
    trial.check(question, &want.lse, &Tolerance::close(4e-6, 2e-6)).await
}
