//! A row times a matrix, with a race in it.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a row and a matrix made here, and indexes that count their terms and columns"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::oracle::matmul::Matmul;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex03-matmul"
    mod product {
        bindings { a: read f32, b: read f32, c: write f32 }
        params { n: usize, k: usize }
    }
    static KERNEL = "race/2_split"(row_times_matrix)
}

const COLUMNS: usize = 32;
const SPLITS: usize = 8;
const CHUNK: usize = 256;
/// Columns that each team writes.
const EACH: usize = COLUMNS / SPLITS;

fn launch(a: &Tensor, b: &Tensor, c: &Tensor, [n, k]: [usize; 2], most: usize) -> Launch {
    let size = (n * k) as f64;
    KERNEL
        .launch(
            product::Bindings { a: a.binding(), b: b.binding(), c: c.binding() },
            product::Params { n, k },
        )
        .grid(n.div_ceil(COLUMNS).min(most), 1, 1)
        .block(CHUNK as u32, 1, 1)
        .cost(2.0 * size, 4.0 * size)
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    let a: Vec<f32> = (1..=4).map(|x| x as f32).collect();
    let b: Vec<f32> = (1..=8).map(|x| x as f32).collect();
    ask(trial, [2, 4], &a, &b, 65_535).await?;
    for ([n, k], most) in [
        ([32, 256], 65_535),
        ([33, 300], 65_535),
        ([5, 1000], 65_535),
        ([100, 1], 65_535),
        ([200, 513], 65_535),
        // Fewer workgroups than blocks of columns: each does several.
        ([300, 700], 2),
        ([70, 31], 1),
    ] {
        ask(trial, [n, k], &sample::normal(1, k), &sample::normal(2, k * n), most).await?;
    }
    Ok(())
}

async fn ask(trial: &mut Trial, [n, k]: [usize; 2], a: &[f32], b: &[f32], most: usize) -> Outcome {
    let x = trial.tensor(a, &[k])?;
    let y = trial.tensor(b, &[k, n])?;
    let c = trial.poison(&[n])?;
    let launch = launch(&x, &y, &c, [n, k], most);
    let groups = launch.grid[0] as usize;
    trial.launch(&launch)?;
    let (a, b) = (sample::widen(a), sample::widen(b));
    let want = Matmul::new(1, n, k).run(&a, &b);
    let some = |takes: &dyn Fn(usize, usize) -> bool| -> Vec<f64> {
        let one = |j: usize| (0..k).filter(|&l| takes(j, l)).map(|l| a[l] * b[l * n + j]).sum();
        (0..n).map(one).collect()
    };
    let question = Question::new("c", &c)
        .input("a", &[k])
        .input("b", &[k, n])
        .owner(|j| Owner {
            workgroup: [(j / COLUMNS % groups) as u32, 0, 0],
            lane: (j % COLUMNS / EACH * COLUMNS + j % COLUMNS) as u32,
        })
        .suspect(
            "only-one-of-eight",
            "only every eighth term is in the sum: each team kept to itself what it had.",
            some(&|j, l| l % SPLITS == j % COLUMNS / EACH),
        )
        .suspect(
            "only-the-last-chunk",
            "only the last 256 terms are in the sum.",
            some(&|_, l| l >= (k - 1) / CHUNK * CHUNK),
        );
    trial.check(question, &want.values, &Tolerance::sum(k, want.magnitudes)).await
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let shape = if device.info().caps.software { [1024, 384] } else { [16_384, 1536] };
    let [n, k] = shape;
    let (a, b) = (noise(device, &[k])?, noise(device, &[k, n])?);
    let c = Tensor::full(device, &[n], 0.0)?;
    let device = device.clone();
    let text = format!("[{k}] x [{k}, {n}]");
    Ok(Problem::new(text, move || device.launch(&launch(&a, &b, &c, shape, 65_535))))
}
