//! Attention to the last few keys only.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "heads of rows * dim numbers made here, and `h` counts the heads; WG is 256"
)]

use super::slips::{FUTURE, FUTURE_SAYS, Head, How, NOTHING, NOTHING_SAYS};
use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use std::ops::Range;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::{DType, Tensor};

kernel! {
    "ex07-attention"
    mod attend {
        bindings { q: read f32, k: read f32, v: read f32, out: write f32 }
        params { heads: usize, rows: usize, dim: usize, window: usize, scale: f32 }
    }
    static KERNEL = "window_attention/1_naive"(window_attention)
}

const WG: usize = 256;

#[derive(Clone, Copy)]
struct Shape {
    heads: usize,
    rows: usize,
    dim: usize,
    window: usize,
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // All keys are alike, so the output is the mean of the values in the window: 2, 3, 5, 7.
    let shape = Shape { heads: 1, rows: 4, dim: 1, window: 2 };
    ask(trial, shape, [&[0.; 4], &[0.; 4], &[2., 4., 6., 8.]]).await?;
    // Each key is far better than the one before it.
    ask(trial, shape, [&[1.; 4], &[0., 30., 60., 90.], &[2., 4., 6., 8.]]).await?;
    for (heads, rows, dim, window) in [
        (1, 6, 3, 1),
        (2, 5, 4, 3),
        (3, 37, 16, 8),
        (2, 10, 8, 64),
        (1, 1, 5, 1),
        (4, 130, 9, 5),
        (2, 200, 12, 33),
    ] {
        for scale in [1., 10.] {
            let draw = |seed, by: f32| -> Vec<f32> {
                sample::normal(seed, heads * rows * dim).iter().map(|x| by * x).collect()
            };
            let data = [draw(1, scale), draw(2, scale), draw(3, 1.)];
            let shape = Shape { heads, rows, dim, window };
            ask(trial, shape, data.each_ref().map(Vec::as_slice)).await?;
        }
    }
    Ok(())
}

async fn ask(trial: &mut Trial, shape: Shape, data: [&[f32]; 3]) -> Outcome {
    let Shape { heads, rows, dim, window } = shape;
    let sizes = [heads, rows, dim];
    let [q, k, v] = data.map(|x| trial.tensor(x, &sizes));
    let (q, k, v) = (q?, k?, v?);
    let out = trial.poison(&sizes)?;
    trial.launch(&launch([&q, &k, &v, &out], shape))?;

    let wide = data.map(sample::widen);
    let first = |row: usize| (row + 1).saturating_sub(window);
    let each = |seen: &dyn Fn(usize) -> Range<usize>, how: How| -> Vec<f64> {
        let head = |h: usize| {
            let [q, k, v] = wide.each_ref().map(|x| &x[h * rows * dim..][..rows * dim]);
            let head = Head { q, k, v, dim, scale: scale(dim).into() };
            (0..rows).flat_map(|row| head.row(row, seen(row), how)).collect::<Vec<f64>>()
        };
        (0..heads).flat_map(head).collect()
    };
    let right = How::right(1);
    let mut question = Question::new("out", &out)
        .input("q", &sizes)
        .input("k", &sizes)
        .input("v", &sizes)
        .owner(|i| Owner::linear(i, WG))
        .suspect(
            "bound-below-zero",
            "the first rows see nothing, and become zero over zero. row + 1 - window is below 0 there, \
             and an unsigned number goes round to four billion",
            each(&|row| if row + 1 < window { 0..0 } else { first(row)..row + 1 }, right),
        )
        .suspect(
            "window-one-too-long",
            "the window has a key too many: with a window of 1 a row sees itself and nobody else",
            each(&|row| row.saturating_sub(window)..row + 1, right),
        )
        .suspect(
            "not-itself",
            "a row's own key is missing: the last key of the window is the row's own",
            each(&|row| first(row)..row, right),
        )
        .suspect(
            "no-window",
            "each row sees all keys before it: plain causal attention. Where does the window begin?",
            each(&|row| 0..row + 1, right),
        )
        .suspect(NOTHING, NOTHING_SAYS, vec![f64::NAN; heads * rows * dim])
        .suspect(FUTURE, FUTURE_SAYS, each(&|row| first(row)..rows, right));
    for (name, says, how) in How::slips(1) {
        question = question.suspect(name, says, each(&|row| first(row)..row + 1, how));
    }
    let want = each(&|row| first(row)..row + 1, right);
    // Scores in the hundreds keep fewer digits behind the point, and weights are e^score.
    trial.check(question, &want, &Tolerance::close(1e-4, 1e-4)).await
}

fn scale(dim: usize) -> f32 {
    1.0 / (dim as f32).sqrt()
}

fn launch([q, k, v, out]: [&Tensor; 4], shape: Shape) -> Launch {
    let Shape { heads, rows, dim, window } = shape;
    let n = heads * rows * dim;
    let pairs = (heads * rows * window.min(rows)) as f64;
    let bindings =
        attend::Bindings { q: q.binding(), k: k.binding(), v: v.binding(), out: out.binding() };
    KERNEL
        .launch(bindings, attend::Params { heads, rows, dim, window, scale: scale(dim) })
        .cover(n, WG as u32)
        .cost(4.0 * pairs * dim as f64, 16.0 * n as f64)
}

/// Some heads over a long sequence, with a window much shorter.
pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let (heads, rows) = if device.info().caps.software { (2, 32) } else { (6, 8192) };
    let shape = Shape { heads, rows, dim: 64, window: 64 };
    let sizes = [shape.heads, shape.rows, shape.dim];
    let (q, k, v) = (noise(device, &sizes)?, noise(device, &sizes)?, noise(device, &sizes)?);
    let out = Tensor::zeros(device, DType::F32, &sizes)?;
    let device = device.clone();
    let call = move || device.launch(&launch([&q, &k, &v, &out], shape));
    Ok(Problem::new(format!("{sizes:?}, a window of {}", shape.window), call))
}
