//! Rotary position embedding, in halves.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows of `dim` made here, and pairs that count their numbers; WG is 256"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex10-transformer"
    mod rotate {
        bindings { x: read f32, out: write f32 }
        params { pairs: usize, rows: usize, head_dim: usize, position: usize }
    }
    static KERNEL = "rotary/1_naive"(rotary)
}

const WG: usize = 256;
const BASE: f64 = 10_000.0;

/// What may go wrong.
#[derive(Clone, Copy, PartialEq)]
enum Slip {
    None,
    Neighbours,
    OneTooFar,
    NoOffset,
    RunsOn,
    Backwards,
    NoMinus,
    TurnedTwice,
    SlowFrequencies,
    OneFrequency,
}

const SLIPS: [(Slip, &str, &str); 9] = [
    (
        Slip::Neighbours,
        "neighbours-for-halves",
        "neighbours are turned together, as in the paper. Here pair i is (x[i], x[i + head_dim / 2]): \
         weights trained with one convention are noise to the other.",
    ),
    (
        Slip::OneTooFar,
        "position-off-by-one",
        "every row is turned one position too far: the first row of a text is position 0.",
    ),
    (
        Slip::NoOffset,
        "offset-forgotten",
        "positions are counted from 0. The first row stands at p.position: what came before it is in \
         the KV cache.",
    ),
    (
        Slip::RunsOn,
        "positions-run-on",
        "positions run on from one head to the next. Every head begins at p.position again.",
    ),
    (
        Slip::Backwards,
        "turns-backwards",
        "the sine has the wrong sign: everything is turned backwards. (That is what the backward \
         pass does.)",
    ),
    (
        Slip::NoMinus,
        "no-minus",
        "a turn is a cos - b sin and a sin + b cos. Without the minus it is none, and lengths change.",
    ),
    (
        Slip::TurnedTwice,
        "second-from-the-turned-first",
        "the second number is made from the first one after that was turned. Both need the numbers \
         as they were read.",
    ),
    (
        Slip::SlowFrequencies,
        "half-the-exponent",
        "the exponent is -i / head_dim; it should be -2i / head_dim, so that it runs from 0 to \
         nearly -1.",
    ),
    (
        Slip::OneFrequency,
        "one-frequency",
        "all pairs are turned by the same angle, t. Pair i turns 10000^(2i / head_dim) times slower.",
    ),
];

fn launch(x: &Tensor, out: &Tensor, shape: [usize; 4], position: usize) -> Launch {
    let pairs = shape.iter().product::<usize>() / 2;
    let params = rotate::Params { pairs, rows: shape[2], head_dim: shape[3], position };
    KERNEL
        .launch(rotate::Bindings { x: x.binding(), out: out.binding() }, params)
        .cover(pairs, WG as u32)
        .cost(6.0 * pairs as f64, 16.0 * pairs as f64)
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // A clock's hand at positions 0, 1 and 2: one radian each.
    ask(trial, [1, 1, 3, 2], 0, &[1.0, 0.0, 1.0, 0.0, 1.0, 0.0]).await?;
    let numbers: Vec<f32> = (1..=8).map(|x| x as f32).collect();
    ask(trial, [1, 1, 2, 4], 0, &numbers).await?;
    ask(trial, [1, 2, 1, 4], 1, &numbers).await?;
    for (shape, position) in [
        ([2, 3, 5, 8], 0),
        ([3, 2, 7, 10], 4),
        ([2, 6, 1, 64], 1000),
        ([1, 1, 300, 6], 3),
        ([2, 2, 37, 34], 3000),
    ] {
        let x = sample::uniform(position as u64, shape.iter().product(), -2.0, 2.0);
        ask(trial, shape, position, &x).await?;
    }
    Ok(())
}

async fn ask(trial: &mut Trial, shape: [usize; 4], position: usize, x: &[f32]) -> Outcome {
    let input = trial.tensor(x, &shape)?;
    let out = trial.poison(&shape)?;
    let launch = launch(&input, &out, shape, position);
    let lanes = launch.grid[0] as usize * WG;
    trial.launch(&launch)?;
    let x = sample::widen(x);
    let half = shape[3] / 2;
    let mut question = Question::new("out", &out)
        .input("x [batch, heads, T, head_dim]", &shape)
        .owner(|i| Owner::linear((i / shape[3] * half + i % half) % lanes, WG));
    for (slip, name, sentence) in SLIPS {
        question = question.suspect(name, sentence, turned(&x, shape, position, slip));
    }
    // WGSL promises sines to 2^-11, and the angle has the rounding errors of a power that large
    // positions multiply. A mistake is a matter of whole radians.
    let reach = x.iter().fold(0.0f64, |most, x| most.max(x.abs()));
    let far = (position + shape[2]) as f64;
    let atol = reach * ((-10f64).exp2() + far * (-18f64).exp2());
    trial
        .check(question, &turned(&x, shape, position, Slip::None), &Tolerance::close(atol, 0.0))
        .await
}

/// Every row turned, with a slip.
fn turned(x: &[f64], [_, _, rows, dim]: [usize; 4], position: usize, slip: Slip) -> Vec<f64> {
    let (half, mut out) = (dim / 2, x.to_vec());
    for at in 0..x.len() / 2 {
        let (row, i) = (at / half, at % half);
        let t = match slip {
            Slip::OneTooFar => position + row % rows + 1,
            Slip::NoOffset => row % rows,
            Slip::RunsOn => position + row,
            _ => position + row % rows,
        };
        let exponent = match slip {
            Slip::SlowFrequencies => -(i as f64) / dim as f64,
            Slip::OneFrequency => 0.0,
            _ => -2.0 * i as f64 / dim as f64,
        };
        let (first, second) = match slip {
            Slip::Neighbours => (row * dim + 2 * i, row * dim + 2 * i + 1),
            _ => (row * dim + i, row * dim + i + half),
        };
        let (s, c) = (t as f64 * BASE.powf(exponent)).sin_cos();
        let s = if slip == Slip::Backwards { -s } else { s };
        let (a, b) = (x[first], x[second]);
        out[first] = if slip == Slip::NoMinus { a * c + b * s } else { a * c - b * s };
        let a = if slip == Slip::TurnedTwice { out[first] } else { a };
        out[second] = a * s + b * c;
    }
    out
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let batch = if device.info().caps.software { 1 } else { 64 };
    let shape = [batch, 6, 256, 64];
    let x = noise(device, &shape)?;
    let out = Tensor::full(device, &shape, 0.0)?;
    let device = device.clone();
    let text = format!("{shape:?}");
    Ok(Problem::new(text, move || device.launch(&launch(&x, &out, shape, 0))))
}
