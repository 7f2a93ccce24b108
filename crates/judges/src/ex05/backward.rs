//! LayerNorm's gradient: the engine's rung `2_block`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows of `width` made here, and indexes that count their elements"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::layernorm as oracle;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::layernorm::layernorm_backward;

/// Invocations of the engine's workgroup for rows of this width.
fn wg(width: usize) -> usize {
    if width <= 1024 { 128 } else { 256 }
}

/// Rows that one workgroup of the engine takes, up to 4096 of them in all.
const CHUNK: usize = 8;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Mean 3 and rstd 1/2, so that xhat is -1, -1, 1, 1.
    let first = Data {
        shape: [1, 4],
        x: vec![1.0, 1.0, 5.0, 5.0],
        gamma: vec![1.0; 4],
        dy: vec![1.0, 2.0, 3.0, 6.0],
        eps: 0.0,
    };
    first.ask(trial).await?;
    for [rows, width] in [[1, 5], [3, 128], [9, 200], [30, 300], [2, 1025], [4, 1]] {
        let x = sample::normal(1, rows * width).iter().map(|x| 3.0 * x + 5.0).collect();
        let gamma = sample::uniform(2, width, 0.5, 2.0);
        let dy = sample::normal(3, rows * width).iter().map(|x| x + 0.5).collect();
        Data { shape: [rows, width], x, gamma, dy, eps: 1e-2 }.ask(trial).await?;
    }
    trial.contract().await
}

struct Data {
    shape: [usize; 2],
    x: Vec<f32>,
    gamma: Vec<f32>,
    dy: Vec<f32>,
    eps: f64,
}

/// A row as the gradient needs it.
struct Row<'a> {
    xhat: &'a [f64],
    g: &'a [f64],
    rstd: f64,
}

impl Row<'_> {
    fn mean_g(&self) -> f64 {
        self.g.iter().sum::<f64>() / self.g.len() as f64
    }

    fn mean_gx(&self) -> f64 {
        self.g.iter().zip(self.xhat).map(|(g, x)| g * x).sum::<f64>() / self.g.len() as f64
    }

    /// The columns that one lane holds, as a row that is as long as the whole one.
    fn of_lane(&self, j: usize) -> f64 {
        let (n, wg) = (self.g.len(), wg(self.g.len()));
        let mine = || (j % wg..n).step_by(wg);
        let sum_g: f64 = mine().map(|k| self.g[k]).sum();
        let sum_gx: f64 = mine().map(|k| self.g[k] * self.xhat[k]).sum();
        self.rstd * (self.g[j] - sum_g / n as f64 - self.xhat[j] * sum_gx / n as f64)
    }
}

impl Data {
    async fn ask(&self, trial: &mut Trial) -> Outcome {
        let [rows, width] = self.shape;
        let [x, gamma, dy] = [&self.x, &self.gamma, &self.dy].map(|v| sample::widen(v));
        let stats = oracle::forward(&x, &gamma, &vec![0.0; width], self.eps);
        // The oracle's statistics, so that only the backward pass is judged.
        let [mean, rstd] = [&stats.mean, &stats.rstd].map(|v| sample::narrow(v));
        let dx = layernorm_backward(
            &trial.tensor(&self.x, &self.shape)?,
            &trial.tensor(&self.gamma, &[width])?,
            &trial.tensor(&mean, &[rows])?,
            &trial.tensor(&rstd, &[rows])?,
            &trial.tensor(&self.dy, &self.shape)?,
            None,
        )?;

        let xhat: Vec<f64> =
            (0..x.len()).map(|i| (x[i] - stats.mean[i / width]) * stats.rstd[i / width]).collect();
        let g: Vec<f64> = (0..x.len()).map(|i| dy[i] * gamma[i % width]).collect();
        let with = |f: &dyn Fn(&Row, usize) -> f64| -> Vec<f64> {
            let one = |i: usize| {
                let at = i / width * width..(i / width + 1) * width;
                let rstd = stats.rstd[i / width];
                f(&Row { xhat: &xhat[at.clone()], g: &g[at], rstd }, i % width)
            };
            (0..x.len()).map(one).collect()
        };
        let n = width as f64;
        let question = Question::new("dx", &dx)
            .input("x", &self.shape)
            .input("dy", &self.shape)
            .owner(|i| {
                let Owner { workgroup, lane } = Owner::row(i, width, wg(width));
                Owner { workgroup: [workgroup[0] / CHUNK as u32, 0, 0], lane }
            })
            .suspect(
                "both-means-forgotten",
                "this is rstd * g: what dx would be if mean and rstd did not depend on x.",
                with(&|row, j| row.rstd * row.g[j]),
            )
            .suspect(
                "mean-of-g-forgotten",
                "the row's mean of g is not subtracted. Every x moves the mean, and the mean moves \
                 every output of its row. (A row of dx sums to 0: adding 1 to all x changes nothing.)",
                with(&|row, j| row.rstd * (row.g[j] - row.xhat[j] * row.mean_gx())),
            )
            .suspect(
                "mean-of-g-xhat-forgotten",
                "the term with xhat is missing. Every x moves rstd, and rstd scales every output of \
                 its row.",
                with(&|row, j| row.rstd * (row.g[j] - row.mean_g())),
            )
            .suspect(
                "xhat-forgotten",
                "the mean of g xhat is subtracted as it is. The further an x lies from the mean, the \
                 more it moves rstd: the term is xhat * mean(g xhat).",
                with(&|row, j| row.rstd * (row.g[j] - row.mean_g() - row.mean_gx())),
            )
            .suspect(
                "rstd-forgotten",
                "the factor rstd is missing: xhat moves by rstd when x moves by 1.",
                with(&|row, j| row.g[j] - row.mean_g() - row.xhat[j] * row.mean_gx()),
            )
            .suspect(
                "sums-for-means",
                "the sums over the row are not divided by its width.",
                with(&|row, j| {
                    row.rstd * (row.g[j] - n * row.mean_g() - row.xhat[j] * n * row.mean_gx())
                }),
            )
            .suspect(
                "own-share-only",
                "every lane subtracts the means of what it has summed itself. block_sum adds up what \
                 the lanes of a workgroup hold.",
                with(&|row, j| row.of_lane(j)),
            );
        let want = oracle::backward(&x, &gamma, &dy, self.eps);
        trial.check(question, &want.dx, &Tolerance::close(1e-5, 1e-5)).await
    }
}
