//! A hunt: a softmax that most rows do not tell from a right one.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows of `width` made here; WG is 256, and what is narrowed to f32 is meant to lose digits"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::oracle::softmax::softmax;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::{DType, Tensor};

kernel! {
    "ex06-loss"
    mod hunt {
        bindings { x: read f32, out: write f32 }
        params { rows: usize, width: usize }
    }
    static KERNEL = "softmax_hunt/1_block"(softmax)
}

const WG: usize = 256;
const INF: f32 = f32::INFINITY;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    ask(trial, &[0., 0., 0., 0.], 4).await?;
    ask(trial, &[1., 2., 3., 1000., 1001., 1000.], 3).await?;
    // The row in the middle sees nothing.
    ask(trial, &[0., 0., 0., -INF, -INF, -INF, 5., -INF, 5.], 3).await?;
    // One row longer than the block: one large number near its end, and then near its beginning.
    for at in [299, 2] {
        let mut row = vec![0.; 300];
        row[at] = 200.;
        ask(trial, &row, 300).await?;
    }
    ask(trial, &[3e38, -3e38, 3e38, -1e30, -1e30, -INF], 3).await?;
    for (rows, width) in [(3, 5), (17, 300), (300, 7), (4, 1), (2, 1300)] {
        for scale in [5., 1e4] {
            let x = sample::normal(1, rows * width);
            ask(trial, &x.iter().map(|x| scale * x).collect::<Vec<f32>>(), width).await?;
        }
    }
    Ok(())
}

async fn ask(trial: &mut Trial, x: &[f32], width: usize) -> Outcome {
    let rows = x.len() / width;
    let input = trial.tensor(x, &[rows, width])?;
    let out = trial.poison(&[rows, width])?;
    trial.launch(&launch(&input, &out, [rows, width]))?;
    let x = sample::widen(x);
    let want = by_rows(&x, width, wanted);
    let question = Question::new("out", &out)
        .input("x", &[rows, width])
        .owner(|i| Owner::row(i, width, WG))
        .suspect(
            "masked-row-is-nan",
            "a row of nothing but -inf became NaN where zeros are wanted. Two ways lead there: minus \
             infinity minus itself, and zero over zero. Are both closed?",
            by_rows(&x, width, |row| match masked(row) {
                true => vec![f64::NAN; width],
                false => wanted(row),
            }),
        )
        .suspect(
            "masked-row-in-equal-parts",
            "a row of nothing but -inf got equal parts. Nothing in it may be chosen: zeros are wanted",
            by_rows(&x, width, |row| match masked(row) {
                true => vec![1.0 / width as f64; width],
                false => wanted(row),
            }),
        )
        .suspect(
            "maximum-of-the-first-256",
            "the maximum that is subtracted is that of a row's first 256 elements: as many as a block \
             has threads. A larger number further on overflows",
            by_rows(&x, width, |row| under(row, largest(&row[..width.min(WG)]))),
        )
        .suspect(
            "maximum-not-subtracted",
            "this is e^x over the sum of e^x, and e^89 is more than a float can hold. Is the row's \
             maximum subtracted before exp, in both walks?",
            by_rows(&x, width, |row| under(row, 0.0)),
        );
    trial.check(question, &want, &Tolerance::close(1e-7, 2e-5)).await
}

fn launch(x: &Tensor, out: &Tensor, [rows, width]: [usize; 2]) -> Launch {
    let n = (rows * width) as f64;
    KERNEL
        .launch(hunt::Bindings { x: x.binding(), out: out.binding() }, hunt::Params { rows, width })
        .grid(rows.min(65_535), 1, 1)
        .block(WG as u32, 1, 1)
        .constant("WG", WG as u32)
        .cost(25.0 * n, 8.0 * n)
}

fn by_rows(x: &[f64], width: usize, row: impl FnMut(&[f64]) -> Vec<f64>) -> Vec<f64> {
    x.chunks(width).flat_map(row).collect()
}

fn largest(row: &[f64]) -> f64 {
    row.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

fn masked(row: &[f64]) -> bool {
    largest(row) == f64::NEG_INFINITY
}

fn wanted(row: &[f64]) -> Vec<f64> {
    if masked(row) { vec![0.0; row.len()] } else { softmax(row, row.len()) }
}

/// Softmax with `subtracted` in the maximum's place, in numbers that end where those of f32 do.
fn under(row: &[f64], subtracted: f64) -> Vec<f64> {
    let narrow = |x: f64| f64::from(x as f32);
    let e: Vec<f64> = row.iter().map(|x| narrow((x - subtracted).exp())).collect();
    let scale = 1.0 / narrow(e.iter().sum());
    e.iter().map(|e| e * scale).collect()
}

/// A batch of rows of a vocabulary's length.
pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let rows = if device.info().caps.software { 64 } else { 4096 };
    let shape = [rows, 4096];
    let x = noise(device, &shape)?;
    let out = Tensor::zeros(device, DType::F32, &shape)?;
    let device = device.clone();
    Ok(Problem::new(format!("{shape:?}"), move || device.launch(&launch(&x, &out, shape))))
}
