//! Softmax in one walk less: the engine's rung `2_online`.

use crate::{Outcome, Question, Trial};
use strata_check::oracle::softmax as oracle;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::loss::{log_softmax_forward, softmax_forward};

const WG: usize = 256;
const INF: f32 = f32::INFINITY;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // One part and three parts of four.
    plain(trial, &[0., 3f32.ln()], 2).await?;
    plain(trial, &[0., 0., 0., 0., 1., 2., 3., 4.], 4).await?;
    // Each thread has several numbers, and the largest comes late, early, in between.
    let rising: Vec<f32> = (0..600).map(|j| j as f32 / 100.).collect();
    let falling: Vec<f32> = rising.iter().rev().copied().collect();
    plain(trial, &rising, 600).await?;
    plain(trial, &falling, 600).await?;
    logarithm(trial, &[0., 3f32.ln()], 2).await?;
    logarithm(trial, &[0., -200.], 2).await?;
    plain(trial, &[3e38, -3e38, 3e38, -1e30, -1e30, -INF, 1000., -INF, 1001.], 3).await?;
    for (rows, width) in [(3, 5), (17, 300), (300, 7), (4, 1), (2, 1300), (400, 600)] {
        for scale in [1., 1e3] {
            let x: Vec<f32> = sample::normal(2, rows * width).iter().map(|x| scale * x).collect();
            plain(trial, &x, width).await?;
            logarithm(trial, &x, width).await?;
        }
    }
    trial.contract().await
}

async fn plain(trial: &mut Trial, x: &[f32], width: usize) -> Outcome {
    let rows = x.len() / width;
    let y = softmax_forward(&trial.tensor(x, &[rows, width])?)?;
    let x = sample::widen(x);
    let by_rows = |pair: &dyn Fn(&[f64]) -> Pair| -> Vec<f64> {
        let of = |row: &[f64]| {
            let (m, s) = pair(row);
            row.iter().map(|x| (x - m).exp() / s).collect::<Vec<f64>>()
        };
        x.chunks(width).flat_map(of).collect()
    };
    let question = Question::new("softmax", &y)
        .input("x", &[rows, width])
        .owner(|i| Owner::row(i, width, WG))
        .suspect(
            "sum-not-rescaled",
            "a thread's sum stays as it was when a larger number comes. What is in it was taken under \
             the old maximum: e^(old - new) brings it under the new one",
            by_rows(&|row| join(&walk(row, false), true)),
        )
        .suspect(
            "parts-not-rescaled",
            "the threads' sums are added as they are. Each stands under its own thread's maximum, and \
             has to come under the larger of two first",
            by_rows(&|row| join(&walk(row, true), false)),
        )
        .suspect(
            "first-256-columns",
            "maximum and sum are those of a row's first 256 columns: as many as a workgroup has \
             threads. Does each thread walk on, WG columns at a time?",
            by_rows(&|row| join(&walk(row.get(..WG).unwrap_or(row), true), true)),
        );
    trial.check(question, &oracle::softmax(&x, width), &Tolerance::close(1e-7, 2e-5)).await
}

async fn logarithm(trial: &mut Trial, x: &[f32], width: usize) -> Outcome {
    let rows = x.len() / width;
    let y = log_softmax_forward(&trial.tensor(x, &[rows, width])?)?;
    let x = sample::widen(x);
    // What the smallest floats cannot hold is 0, and its logarithm minus infinity.
    let twice = oracle::softmax(&x, width).into_iter();
    let twice = twice.map(|y| if y < 1e-38 { f64::NEG_INFINITY } else { y.ln() });
    let question = Question::new("log softmax", &y)
        .input("x", &[rows, width])
        .owner(|i| Owner::row(i, width, WG))
        .suspect(
            "log-of-zero",
            "the logarithm is taken of the softmax, which has become 0: minus infinity. Take it on \
             paper first: log(e^v / sum) = v - log(sum)",
            twice.collect(),
        )
        .suspect(
            "no-logarithm",
            "this is the softmax itself. LOG is 1: its logarithm is wanted",
            oracle::softmax(&x, width),
        );
    let largest = x.iter().fold(1.0, |a: f64, x| a.max(x.abs()));
    let rule = Tolerance::close(5e-6_f64.max(2e-7 * largest), 2e-6);
    trial.check(question, &oracle::log_softmax(&x, width), &rule).await
}

/// A maximum, and the sum of e^(x - maximum).
type Pair = (f64, f64);

/// Each thread's pair of a row.
fn walk(row: &[f64], rescaled: bool) -> Vec<Pair> {
    let add = |(m, s): Pair, &x: &f64| match x > m {
        true => (x, if rescaled { s * (m - x).exp() } else { s } + 1.0),
        false => (m, s + (x - m).exp()),
    };
    let start = (f64::from(f32::MIN), 0.0);
    (0..WG).map(|lane| row.iter().skip(lane).step_by(WG).fold(start, add)).collect()
}

/// All pairs as one.
fn join(pairs: &[Pair], rescaled: bool) -> Pair {
    let m = pairs.iter().map(|pair| pair.0).fold(f64::from(f32::MIN), f64::max);
    let part = |&(of, s): &Pair| if rescaled { s * (of - m).exp() } else { s };
    (m, pairs.iter().map(part).sum())
}
