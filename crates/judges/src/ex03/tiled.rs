//! A product by tiles in shared memory: the engine's rung `3_tiled`.

#![expect(
    clippy::indexing_slicing,
    reason = "matrices made here, and indexes that count their rows, columns and terms"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::matmul::Matmul;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::matmul::matmul;

const TILE: usize = 16;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Small integers: a reader can follow them by hand.
    let a: Vec<f32> = (1..=4).map(|x| x as f32).collect();
    let b: Vec<f32> = (5..=8).map(|x| x as f32).collect();
    product(trial, [2, 2, 2], &a, &b).await?;
    for [m, n, k] in [
        [16, 16, 16],
        [16, 16, 48],
        [5, 3, 7],
        [16, 16, 20],
        [33, 18, 40],
        [1, 50, 33],
        [64, 80, 1],
    ] {
        let a = sample::normal(1, m * k);
        let b = sample::normal(2, k * n);
        product(trial, [m, n, k], &a, &b).await?;
    }
    trial.contract().await
}

async fn product(trial: &mut Trial, [m, n, k]: [usize; 3], a: &[f32], b: &[f32]) -> Outcome {
    let x = trial.tensor(a, &[m, k])?;
    let y = trial.tensor(b, &[k, n])?;
    let c = matmul(&x, &y)?;
    let (a, b) = (sample::widen(a), sample::widen(b));
    let want = Matmul::new(m, n, k).run(&a, &b);
    let mut question = Question::new("c", &c)
        .input("a", &[m, k])
        .input("b", &[k, n])
        .owner(|i| Owner::tile(i, [m, n], [TILE, TILE], [1, 1]));
    if k >= TILE {
        question = question.suspect(
            "short-by-one",
            "the last term of every tile is missing. A tile has 16 of them, l = 0 to 15.",
            part(&a, &b, [m, n, k], |l| l % TILE != TILE - 1),
        );
    }
    let last = (k - 1) / TILE * TILE;
    if last > 0 {
        question = question
            .suspect(
                "off-by-one-tile",
                "the last tile of k is left out. Is the count of tiles rounded up?",
                part(&a, &b, [m, n, k], |l| l < last),
            )
            .suspect(
                "only-the-last-tile",
                "only the last tile of k is in the sum. Does the sum start anew with every tile?",
                part(&a, &b, [m, n, k], |l| l >= last),
            );
    }
    let sentence = "the tile of b is read with its row and column exchanged. Row l of the tile \
                    holds b[l0 + l, ..]: which index counts along it?";
    question = question.suspect("reads-b-transposed", sentence, turned(&a, &b, [m, n, k]));
    trial.check(question, &want.values, &Tolerance::sum(k, want.magnitudes)).await
}

/// The product over some of the terms only.
fn part(a: &[f64], b: &[f64], [m, n, k]: [usize; 3], taken: impl Fn(usize) -> bool) -> Vec<f64> {
    let one = |at: usize| {
        let (i, j) = (at / n, at % n);
        (0..k).filter(|&l| taken(l)).map(|l| a[i * k + l] * b[l * n + j]).sum()
    };
    (0..m * n).map(one).collect()
}

/// What comes out if `b_tile[x][l]` is read for `b_tile[l][x]`: each tile of b transposed, with
/// zeros where it reaches beyond the matrix.
fn turned(a: &[f64], b: &[f64], [m, n, k]: [usize; 3]) -> Vec<f64> {
    let element = |l: usize, j: usize| {
        let (row, column) = (l / TILE * TILE + j % TILE, j / TILE * TILE + l % TILE);
        if row < k && column < n { b[row * n + column] } else { 0.0 }
    };
    let one = |at: usize| {
        let (i, j) = (at / n, at % n);
        (0..k).map(|l| a[i * k + l] * element(l, j)).sum()
    };
    (0..m * n).map(one).collect()
}
