//! Column sums by a tree: the engine's rung `2_tree`.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a matrix made here, and indexes that count its rows and columns"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::reduce::{sum, sum_abs};
use strata_check::{Owner, Tolerance, sample};
use strata_ml::matmul::column_sum;

/// Up to this many rows are one run; more are cut into runs of `RUN`, and a second launch adds those.
const ONE_RUN: usize = 256;
const RUN: usize = 128;
const TEAMS: usize = 8;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Column 0 says in binary which rows came through, column 1 how many.
    let numbers: Vec<f32> = (0..8).flat_map(|i| [(1 << i) as f32, 1.0]).collect();
    ask(trial, [8, 2], &numbers).await?;
    for [rows, columns] in
        [[8, 32], [11, 70], [1, 5], [100, 1], [37, 64], [256, 3], [300, 5], [1000, 45], [3, 520]]
    {
        ask(trial, [rows, columns], &sample::normal(rows as u64, rows * columns)).await?;
    }
    trial.contract().await
}

async fn ask(trial: &mut Trial, shape: [usize; 2], data: &[f32]) -> Outcome {
    let [rows, columns] = shape;
    let x = trial.tensor(data, &shape)?;
    let out = trial.poison(&[columns])?;
    column_sum(&out, &x, false)?;
    let wide = sample::widen(data);
    // The last launch writes out, and it has one run.
    let mut question = Question::new("out", &out)
        .input("x", &shape)
        .owner(|j| Owner { workgroup: [(j / 32) as u32, 0, 0], lane: (j % 32) as u32 });
    for (name, sentence, weight) in mistakes(rows) {
        question = question.suspect(name, sentence, weighted(&wide, shape, &weight));
    }
    if rows > 1 {
        let sentence = "rows and columns are exchanged: element [i, j] lies at i * columns + j, and \
                        neighbours in a row are neighbours in memory.";
        let one = |j: usize| (0..rows).map(|i| wide[j * rows + i]).sum();
        question = question.suspect("sums-along-rows", sentence, (0..columns).map(one).collect());
    }
    let want = sum(&wide, &shape, &[0]);
    let magnitudes = sum_abs(&wide, &shape, &[0]);
    trial.check(question, &want, &Tolerance::sum(rows, magnitudes)).await
}

/// Column sums in which row i counts so often.
fn weighted(x: &[f64], [rows, columns]: [usize; 2], weight: &dyn Fn(usize) -> usize) -> Vec<f64> {
    let one = |j: usize| (0..rows).map(|i| weight(i) as f64 * x[i * columns + j]).sum();
    (0..columns).map(one).collect()
}

type Mistake = (&'static str, &'static str, Box<dyn Fn(usize) -> usize>);

/// What mistakes make of the number of times that a row counts.
fn mistakes(rows: usize) -> Vec<Mistake> {
    let length = if rows <= ONE_RUN { rows } else { RUN };
    let runs = rows.div_ceil(length);
    // A row of x in the first launch, and the sum of its run in the second, where there is one.
    let both = move |f: fn(usize) -> usize| -> Box<dyn Fn(usize) -> usize> {
        Box::new(move |i| f(i % length) * if runs > 1 { f(i / length) } else { 1 })
    };
    let left = "the tree is not climbed to the end: some of the eight sums are never added. Halves are 4, \
                2 and 1.";
    vec![
        (
            "only-the-first-of-eight",
            "only every eighth row is in the sum: those of the first team. Nobody adds the sums of the \
             other seven.",
            both(|i| usize::from(i % TEAMS == 0)),
        ),
        ("tree-cut-short", left, both(|i| usize::from(i % 2 == 0))),
        ("tree-cut-short", left, both(|i| usize::from(i % TEAMS < 4))),
        ("tree-cut-short", left, both(|i| usize::from(i % 4 == 0))),
        (
            "rows-counted-by-every-team",
            "the teams overlap: each adds all rows from its first on. It has to take every eighth.",
            both(|i| i.min(TEAMS - 1) + 1),
        ),
        (
            "runs-overlap",
            "a run does not end where the next begins: rows of later runs are added again and again. A \
             run's rows go up to end.",
            Box::new(move |i| i / length + 1),
        ),
    ]
}
