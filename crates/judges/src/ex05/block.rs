//! LayerNorm with a workgroup for each row: the engine's rung `2_block`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a tree of at least one lane, and sizes of workgroups and of rows: hundreds"
)]

use crate::{Failure, Outcome, Question, Trial};
use strata_check::diagnose::Diagnosis;
use strata_check::oracle::layernorm::forward;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::layernorm::kernels::{BLOCK, normalize};
use strata_ml::layernorm::{Normalized, layernorm_forward};

const EPS: f32 = 1e-5;

/// Invocations of the engine's workgroup for rows of this width.
fn wg(width: usize) -> usize {
    if width <= 1024 { 128 } else { 256 }
}

/// Count, mean, squared deviations.
type State = (f64, f64, f64);
/// How two of them are merged.
type Merge = fn(State, State) -> State;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Mean 3, deviation 2.
    ask(trial, [1, 4], &[1.0, 1.0, 5.0, 5.0], 1.0).await?;
    for [rows, width] in [[1, 3], [2, 5], [3, 128], [2, 200], [40, 300], [3, 1025], [5, 1]] {
        let x: Vec<f32> = sample::normal(1, rows * width).iter().map(|x| 3.0 * x + 5.0).collect();
        ask(trial, [rows, width], &x, 1.0).await?;
    }
    high(trial).await?;
    walk(trial).await?;
    trial.contract().await
}

/// Rows with a mean of ten thousand: squared deviations are small beside it.
async fn high(trial: &mut Trial) -> Outcome {
    let x: Vec<f32> = sample::normal(2, 2 * 300).iter().map(|x| x + 1e4).collect();
    match ask(trial, [2, 300], &x, 1000.0).await {
        Err(Failure::Report(report)) => {
            let sentence = "rows with a mean of 5 were right, rows with a mean of 10,000 are not: \
                            somewhere squares of the numbers themselves are subtracted. Merge \
                            squared deviations from a mean.";
            let name = "cancellation";
            Err(Failure::Report(
                report.with(Diagnosis::Suspect { name, sentence: sentence.into() }),
            ))
        }
        other => other,
    }
}

/// More rows than workgroups: the same shared memory for several rows.
async fn walk(trial: &mut Trial) -> Outcome {
    let (shape, groups, wg) = ([7, 150], 2, wg(150));
    let (x, input) = trial.normal(5, &shape)?;
    let (ones, zeros) = (vec![1.0; shape[1]], vec![0.0; shape[1]]);
    let got = Normalized {
        out: trial.poison(&shape)?,
        mean: trial.poison(&shape[..1])?,
        rstd: trial.poison(&shape[..1])?,
    };
    let (gamma, beta) = (trial.tensor(&ones, &shape[1..])?, trial.tensor(&zeros, &shape[1..])?);
    let bindings = normalize::Bindings {
        x: input.binding(),
        gamma: gamma.binding(),
        beta: beta.binding(),
        out: got.out.binding(),
        mean_out: got.mean.binding(),
        rstd_out: got.rstd.binding(),
    };
    // The engine's kernel, on a grid that the engine does not choose.
    let params = normalize::Params { rows: shape[0], width: shape[1], eps: EPS };
    let launch = BLOCK.launch(bindings, params).grid(groups, 1, 1);
    let per = shape[1].div_ceil(wg) as u32;
    let wg = wg as u32;
    trial.launch(&launch.block(wg, 1, 1).constant("WG", wg).constant("PER", per))?;
    compare(trial, &got, [&x, &ones, &zeros], shape, 1.0).await
}

/// What a tree makes of a row that the lanes share out, upper half into lower.
fn tree(row: &[f64], merge: Merge) -> State {
    let wg = wg(row.len());
    let own = |lane: usize| {
        let mine: Vec<f64> = row.iter().skip(lane).step_by(wg).copied().collect();
        let n = mine.len() as f64;
        let mean = mine.iter().sum::<f64>() / n.max(1.0);
        (n, mean, mine.iter().map(|x| (x - mean).powi(2)).sum())
    };
    let mut lanes: Vec<State> = (0..wg).map(own).collect();
    while lanes.len() > 1 {
        let upper = lanes.split_off(lanes.len() / 2);
        for (a, b) in lanes.iter_mut().zip(upper) {
            if b.0 > 0.0 {
                *a = merge(*a, b);
            }
        }
    }
    lanes[0]
}

async fn ask(trial: &mut Trial, shape: [usize; 2], x: &[f32], slack: f64) -> Outcome {
    let [rows, width] = shape;
    let gamma = if rows == 1 { vec![1.0; width] } else { sample::uniform(3, width, 0.5, 2.0) };
    let beta = if rows == 1 { vec![0.0; width] } else { sample::normal(4, width) };
    let got = layernorm_forward(
        &trial.tensor(x, &shape)?,
        &trial.tensor(&gamma, &[width])?,
        &trial.tensor(&beta, &[width])?,
        EPS,
    )?;
    compare(trial, &got, [x, &gamma, &beta], shape, slack).await
}

async fn compare(
    trial: &mut Trial,
    got: &Normalized,
    [x, gamma, beta]: [&[f32]; 3],
    shape: [usize; 2],
    slack: f64,
) -> Outcome {
    let width = shape[1];
    let (x, gamma, beta) = (sample::widen(x), sample::widen(gamma), sample::widen(beta));
    let eps = f64::from(EPS);
    let want = forward(&x, &gamma, &beta, eps);
    let steep = want.rstd.iter().fold(1.0f64, |a, &b| a.max(b));

    let trees =
        |merge: Merge| -> Vec<State> { x.chunks_exact(width).map(|r| tree(r, merge)).collect() };
    let means = |merge: Merge| trees(merge).iter().map(|s| s.1).collect::<Vec<f64>>();
    let rstds = |n: f64, merge: Merge| {
        trees(merge).iter().map(|s| 1.0 / (s.2 / n + eps).sqrt()).collect::<Vec<f64>>()
    };
    let row = |i| Owner::row(i * width, width, wg(width));
    let mut question = Question::new("mean", &got.mean)
        .input("x", &shape)
        .owner(row)
        .suspect(
            "means-not-weighted",
            "two means are merged halfway. They stand for different numbers of elements: the one \
             that stands for more weighs more.",
            means(|a, b| (a.0 + b.0, (a.1 + b.1) / 2.0, 0.0)),
        )
        .suspect(
            "not-merged",
            "this is the mean of what lane 0 has read. Merge all lanes, down to one.",
            means(|a, _| a),
        );
    if width < wg(width) {
        question = question.suspect(
            "empty-lanes",
            "NaN, and the row is shorter than the workgroup. Lanes beyond its end have seen nothing: \
             merging two of them divides 0 by 0.",
            vec![f64::NAN; shape[0]],
        );
    }
    trial.check(question, &want.mean, &Tolerance::close(5e-6 * slack, 2e-6)).await?;

    let n = width as f64;
    let mut question = Question::new("rstd", &got.rstd)
        .input("x", &shape)
        .owner(row)
        .suspect(
            "distance-forgotten",
            "the squares of all lanes are just added up. Each lane took them from its own mean: \
             when two are merged, the distance of their means adds to them.",
            rstds(n, |a, b| (a.0 + b.0, 0.0, a.2 + b.2)),
        )
        .suspect(
            "distance-not-weighted",
            "the squared distance of two means is added as it is. It counts n_a * n_b / (n_a + n_b) \
             times.",
            rstds(n, |a, b| {
                let (count, apart) = (a.0 + b.0, b.1 - a.1);
                (count, a.1 + apart * b.0 / count, a.2 + b.2 + apart * apart)
            }),
        );
    if width > 1 {
        question = question.suspect(
            "divides-by-n-minus-1",
            "the squares are divided by width - 1. LayerNorm wants the variance of these numbers, \
             not an estimate from a sample.",
            rstds(n - 1.0, exact),
        );
    }
    let rule = Tolerance::close(1e-6 * slack, 4e-6 * steep.powi(2) * slack.sqrt());
    trial.check(question, &want.rstd, &rule).await?;

    let question = Question::new("out", &got.out)
        .input("x", &shape)
        .owner(|i| Owner::row(i, width, wg(width)));
    trial.check(question, &want.y, &Tolerance::close(5e-6 * steep * slack, 1e-5)).await
}

/// The right way to merge.
fn exact(a: State, b: State) -> State {
    let (count, apart) = (a.0 + b.0, b.1 - a.1);
    (count, a.1 + apart * b.0 / count, a.2 + b.2 + apart * apart * a.0 * b.0 / count)
}
