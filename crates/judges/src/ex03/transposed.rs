//! A product with a transpose, by tiles that are read along rows.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "matrices made here, none empty, and indexes below their lengths, all below 2^32"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use std::ops::Range;
use strata_check::oracle::matmul::Matmul;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex03-matmul"
    mod product {
        bindings { a: read f32, b: read f32, c: write f32 }
        params { m: usize, n: usize, k: usize }
    }
    static KERNEL = "matmul_nt/3_tiled"(matmul_nt)
}

const TILE: usize = 16;

/// Where the element of b lies that belongs to a column and a term, if there is one.
type Place<'a> = &'a dyn Fn(usize, usize) -> Option<usize>;

fn launch(a: &Tensor, b: &Tensor, c: &Tensor, [m, n, k]: [usize; 3], most: usize) -> Launch {
    let (flops, numbers) = (2.0 * (m * n * k) as f64, (m * k + n * k + m * n) as f64);
    let bindings = product::Bindings { a: a.binding(), b: b.binding(), c: c.binding() };
    KERNEL
        .launch(bindings, product::Params { m, n, k })
        .grid((m.div_ceil(TILE) * n.div_ceil(TILE)).min(most), 1, 1)
        .block((TILE * TILE) as u32, 1, 1)
        .cost(flops, 4.0 * numbers)
}

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    let a: Vec<f32> = (1..=6).map(|x| x as f32).collect();
    let b: Vec<f32> = (7..=12).map(|x| x as f32).collect();
    ask(trial, [2, 2, 3], &a, &b, 65_535).await?;
    for (sizes, most) in [
        ([16, 16, 16], 65_535),
        ([16, 16, 48], 65_535),
        ([5, 3, 7], 65_535),
        ([16, 16, 20], 65_535),
        ([33, 18, 40], 65_535),
        ([1, 50, 33], 65_535),
        ([64, 80, 1], 65_535),
        // Fewer workgroups than tiles: each does several.
        ([50, 70, 37], 3),
    ] {
        let [m, n, k] = sizes;
        ask(trial, sizes, &sample::normal(1, m * k), &sample::normal(2, n * k), most).await?;
    }
    Ok(())
}

async fn ask(trial: &mut Trial, sizes: [usize; 3], a: &[f32], b: &[f32], most: usize) -> Outcome {
    let [m, n, k] = sizes;
    let x = trial.tensor(a, &[m, k])?;
    let y = trial.tensor(b, &[n, k])?;
    let c = trial.poison(&[m, n])?;
    let launch = launch(&x, &y, &c, sizes, most);
    let groups = launch.grid[0] as usize;
    trial.launch(&launch)?;
    let (a, b) = (sample::widen(a), sample::widen(b));
    let want = Matmul { trans_b: true, ..Matmul::new(m, n, k) }.run(&a, &b);
    // Sums over these terms, of elements of a and b that a mistake may misplace. What lies behind a
    // buffer reads as 0 on one machine and as the last element on another.
    let sums_with = |terms: Range<usize>, b_at: Place, clamp: bool| {
        let read = |x: &[f64], at: Option<usize>| match at {
            Some(at) if clamp => x[at.min(x.len() - 1)],
            Some(at) => x.get(at).copied().unwrap_or(0.0),
            None => 0.0,
        };
        let one = |at: usize| {
            let (i, j) = (at / n, at % n);
            let product = |l: usize| read(&a, Some(i * k + l)) * read(&b, b_at(j, l));
            terms.clone().map(product).sum()
        };
        (0..m * n).map(one).collect::<Vec<f64>>()
    };
    let sums = |terms: Range<usize>, b_at: Place| sums_with(terms, b_at, false);
    let place = |j: usize, l: usize| Some(j * k + l);
    // Element [x][t] of the tile for [t][x].
    let turned = |j: usize, l: usize| {
        let (row, term) = (j / TILE * TILE + l % TILE, l / TILE * TILE + j % TILE);
        (l < k && row < n && term < k).then_some(row * k + term)
    };
    let last = (k - 1) / TILE * TILE;
    let mut question = Question::new("c", &c)
        .input("a", &[m, k])
        .input("b", &[n, k])
        .owner(|at| {
            let tile = at / n / TILE * n.div_ceil(TILE) + at % n / TILE;
            let lane = at / n % TILE * TILE + at % n % TILE;
            Owner { workgroup: [(tile % groups) as u32, 0, 0], lane: lane as u32 }
        })
        .suspect(
            "b-not-transposed",
            "this is a b, with b read as [k, n]. b is [n, k]: element (column, term) lies at column * k \
             + term.",
            sums(0..k, &|j, l| Some(l * n + j)),
        )
        .suspect(
            "tile-of-b-turned",
            "the tile of b is stored one way and read the other. Which index of b_tile is the column of \
             c, which is the term?",
            sums(0..k.next_multiple_of(TILE), &turned),
        );
    for clamp in [false, true] {
        let sentence = "where k is no multiple of 16 the sum goes on into the next rows. Terms behind k \
                        have to be 0 in the tiles.";
        let values = sums_with(0..k.next_multiple_of(TILE), &place, clamp);
        question = question.suspect("reads-over-the-edge", sentence, values);
    }
    if last > 0 {
        question = question
            .suspect(
                "off-by-one-tile",
                "the last tile of k is left out. Is the count of tiles rounded up?",
                sums(0..last, &place),
            )
            .suspect(
                "only-the-last-tile",
                "only the last tile of k is in the sum. Does the sum start anew with every tile?",
                sums(last..k, &place),
            );
    }
    trial.check(question, &want.values, &Tolerance::sum(k, want.magnitudes)).await
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let sizes = if device.info().caps.software { [160, 160, 160] } else { [4096, 384, 1536] };
    let [m, n, k] = sizes;
    let (a, b) = (noise(device, &[m, k])?, noise(device, &[n, k])?);
    let c = Tensor::full(device, &[m, n], 0.0)?;
    let device = device.clone();
    let text = format!("[{m}, {k}] x [{n}, {k}]^T");
    Ok(Problem::new(text, move || device.launch(&launch(&a, &b, &c, sizes, 65_535))))
}
