//! RMSNorm: a workgroup for each row, and a tree in shared memory.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows of `width` made here, indexes that count their elements; WG lanes, hundreds of groups"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex05-layernorm"
    mod normalize {
        bindings { x: read f32, gain: read f32, out: write f32 }
        params { rows: usize, width: usize, eps: f32 }
    }
    static KERNEL = "rmsnorm/2_block"(rmsnorm)
}

const WG: usize = 128;
const EPS: f32 = 1e-5;

fn launch(x: &Tensor, gain: &Tensor, out: &Tensor, eps: f32, groups: usize) -> Launch {
    let (rows, width) = (x.shape()[0], x.shape()[1]);
    let n = (rows * width) as f64;
    let bindings = normalize::Bindings { x: x.binding(), gain: gain.binding(), out: out.binding() };
    KERNEL
        .launch(bindings, normalize::Params { rows, width, eps })
        .grid(groups.min(65_535), 1, 1)
        .block(WG as u32, 1, 1)
        .constant("WG", WG as u32)
        .cost(4.0 * n, 8.0 * n + 4.0 * width as f64)
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // The squares' mean is 25, so that everything is divided by 5.
    ask(trial, [1, 4], &[1.0, 7.0, 1.0, 7.0], &[1.0, 2.0, 3.0, 5.0], 0.0, 1).await?;
    for [rows, width] in [[1, 1], [3, 100], [2, WG], [5, WG + 1], [4, 300], [600, 200]] {
        let x = sample::normal(1, rows * width);
        let gain = sample::uniform(2, width, 0.5, 2.0);
        ask(trial, [rows, width], &x, &gain, EPS, rows).await?;
    }
    // Numbers so small that eps decides, and a row of nothing but zeros.
    let tiny: Vec<f32> = sample::normal(3, 50).iter().map(|x| 1e-3 * x).collect();
    ask(trial, [1, 50], &tiny, &[1.0; 50], EPS, 1).await?;
    ask(trial, [1, 50], &[0.0; 50], &[1.0; 50], EPS, 1).await?;
    // More rows than workgroups: the same shared memory for several rows.
    let x = sample::normal(4, 7 * 150);
    ask(trial, [7, 150], &x, &sample::uniform(5, 150, 0.5, 2.0), EPS, 2).await
}

async fn ask(
    trial: &mut Trial,
    shape: [usize; 2],
    x: &[f32],
    gain: &[f32],
    eps: f32,
    groups: usize,
) -> Outcome {
    let width = shape[1];
    let (input, gains) = (trial.tensor(x, &shape)?, trial.tensor(gain, &[width])?);
    let out = trial.poison(&shape)?;
    trial.launch(&launch(&input, &gains, &out, eps, groups))?;
    let (x, gain) = (sample::widen(x), sample::widen(gain));
    let (n, eps) = (width as f64, f64::from(eps));
    let mean_square = |of: &[f64]| of.iter().map(|x| x * x).sum::<f64>() / n;
    // What comes out if a row's element j is scaled by `scale(row, j)`.
    let with = |scale: &dyn Fn(&[f64], usize) -> f64| -> Vec<f64> {
        let rows = x.chunks_exact(width);
        rows.flat_map(|row| (0..width).map(|j| row[j] * scale(row, j) * gain[j])).collect()
    };
    let right = |row: &[f64]| 1.0 / (mean_square(row) + eps).sqrt();
    let want = with(&|row, _| right(row));
    let question = Question::new("out", &out)
        .input("x", &shape)
        .input("gain", &[width])
        .owner(|i| {
            let Owner { workgroup, lane } = Owner::row(i, width, WG);
            Owner { workgroup: [workgroup[0] % groups as u32, 0, 0], lane }
        })
        .suspect(
            "sum-for-mean",
            "the squares are added up, but not divided by the width: the root wants their mean.",
            with(&|row, _| 1.0 / (n * mean_square(row) + eps).sqrt()),
        )
        .suspect(
            "root-forgotten",
            "every row is divided by its mean square instead of the root of it.",
            with(&|row, _| 1.0 / (mean_square(row) + eps)),
        )
        .suspect(
            "gain-forgotten",
            "rows are normalised, but not multiplied with gain.",
            with(&|row, j| right(row) / gain[j]),
        )
        .suspect(
            "first-elements-only",
            "only as many squares as a workgroup has lanes are in the sum. A row may be longer: \
             each lane takes every WG-th element.",
            with(&|row, _| 1.0 / (mean_square(&row[..width.min(WG)]) + eps).sqrt()),
        )
        .suspect(
            "own-share-only",
            "every lane divides by the root of its own share of the sum: nobody has added up the \
             shares.",
            with(&|row, j| 1.0 / (shares(row)[j % WG] / n + eps).sqrt()),
        )
        .suspect(
            "own-place",
            "every lane has read its own place of the tree. The whole sum is in place 0 only.",
            with(&|row, j| 1.0 / (places(row)[j % WG] / n + eps).sqrt()),
        )
        .suspect(
            "eps-forgotten",
            "eps is missing under the root: it is what keeps rows of tiny numbers from being blown \
             up, and rows of zeros from becoming NaN.",
            with(&|row, _| 1.0 / mean_square(row).sqrt()),
        )
        .suspect(
            "eps-outside-the-root",
            "eps is added to the root. It belongs under it.",
            with(&|row, _| 1.0 / (mean_square(row).sqrt() + eps)),
        )
        .suspect("mean-subtracted", MEAN, {
            let layernorm = |row: &[f64], j: usize| {
                let mean = row.iter().sum::<f64>() / n;
                let centred: Vec<f64> = row.iter().map(|x| x - mean).collect();
                centred[j] / (mean_square(&centred) + eps).sqrt() * gain[j]
            };
            let rows = x.chunks_exact(width);
            rows.flat_map(|row| (0..width).map(|j| layernorm(row, j)).collect::<Vec<_>>()).collect()
        });
    trial.check(question, &want, &Tolerance::close(1e-6, 4e-6)).await
}

/// What each lane adds up.
fn shares(row: &[f64]) -> Vec<f64> {
    let of = |lane| row.iter().skip(lane).step_by(WG).map(|x| x * x).sum();
    (0..WG).map(of).collect()
}

/// What the tree leaves in each lane's place.
fn places(row: &[f64]) -> Vec<f64> {
    let mut sums = shares(row);
    let mut half = WG / 2;
    while half > 0 {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
        half /= 2;
    }
    sums
}

const MEAN: &str =
    "the mean is subtracted first: that is LayerNorm. RMSNorm leaves it where it is.";

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let shape = if device.info().caps.software { [512, 768] } else { [16_384, 768] };
    let (x, gain) = (noise(device, &shape)?, Tensor::ones(device, &shape[1..])?);
    let out = Tensor::full(device, &shape, 0.0)?;
    let device = device.clone();
    let text = format!("{} rows of {}", shape[0], shape[1]);
    Ok(Problem::new(text, move || device.launch(&launch(&x, &gain, &out, EPS, shape[0]))))
}
