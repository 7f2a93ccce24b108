//! A tree reduction in shared memory: the engine's rung `2_tree`.

#![expect(
    clippy::indexing_slicing,
    reason = "`dim` is 0 or 1, and outputs and terms count the elements of a matrix made here"
)]

use crate::{Outcome, Question, Trial};
use strata_check::oracle::reduce as oracle;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::tensor::ops::{Reduce, reduce};

const WIDTH: usize = 256;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    // Ones below, twos above: a small sum tells who arrived.
    let halves: Vec<f32> = (0..256).map(|i| if i < 128 { 1.0 } else { 2.0 }).collect();
    fold(trial, Reduce::Sum, &[1, 256], 1, &halves).await?;
    fold(trial, Reduce::Sum, &[2, 64], 1, &[1.0; 128]).await?;
    fold(trial, Reduce::Sum, &[2, 500], 1, &(0..1000).map(|i| (i % 7) as f32).collect::<Vec<_>>())
        .await?;
    // Sums of columns: 32 side by side in a group.
    let columns: Vec<f32> = (0..64 * 32).map(|i| (i % 32) as f32).collect();
    fold(trial, Reduce::Sum, &[64, 32], 0, &columns).await?;
    let negative: Vec<f32> = (0..256).map(|i| -1.0 - (i * 37 % 101) as f32).collect();
    fold(trial, Reduce::Max, &[1, 256], 1, &negative).await?;
    fold(trial, Reduce::Min, &[1, 256], 1, &negative).await?;
    let shapes: [([usize; 2], usize); 5] =
        [([3, 65], 1), ([100, 77], 0), ([3, 20_011], 1), ([900, 300], 1), ([70, 40], 0)];
    for (seed, (shape, dim)) in shapes.into_iter().enumerate() {
        let data = sample::normal(seed as u64, shape[0] * shape[1]);
        fold(trial, Reduce::Sum, &shape, dim, &data).await?;
        fold(trial, Reduce::Max, &shape, dim, &data).await?;
    }
    trial.contract().await
}

async fn fold(
    trial: &mut Trial,
    op: Reduce,
    shape: &[usize; 2],
    dim: usize,
    data: &[f32],
) -> Outcome {
    let x = trial.tensor(data, shape)?;
    let got = reduce(op, &x, &[dim], false, 1.0)?;
    let wide = sample::widen(data);
    let dims = &[dim][..];
    let (want, rule) = match op {
        Reduce::Sum => {
            let rule = Tolerance::sum(shape[dim], oracle::sum_abs(&wide, shape, dims));
            (oracle::sum(&wide, shape, dims), rule)
        }
        Reduce::Max => (oracle::max(&wide, shape, dims), Tolerance::Exact),
        Reduce::Min => (oracle::min(&wide, shape, dims), Tolerance::Exact),
    };
    let side_by_side = if dim == 1 { 1 } else { 32 };
    let mut question =
        Question::new("out", &got).input("x", shape).owner(|i| Owner::linear(i, side_by_side));
    for (name, sentence, gives) in suspects(op, &wide, *shape, dim) {
        question = question.suspect(name, sentence, gives);
    }
    trial.check(question, &want, &rule).await
}

type Suspected = (&'static str, &'static str, Vec<f64>);

/// What comes out where one group serves each output: a term's lane is known then.
fn suspects(op: Reduce, x: &[f64], [m, n]: [usize; 2], dim: usize) -> Vec<Suspected> {
    let outputs = if dim == 1 { m } else { n };
    let columns = if dim == 1 { 1 } else { 32 };
    let terms = if dim == 1 { n } else { m };
    if terms > 4096 || outputs % columns != 0 {
        return Vec::new();
    }
    let at =
        |output: usize, term: usize| if dim == 1 { output * n + term } else { term * n + output };
    let fold = |all: &mut dyn Iterator<Item = f64>| match op {
        Reduce::Sum => all.sum::<f64>(),
        Reduce::Max => all.fold(f64::NEG_INFINITY, f64::max),
        Reduce::Min => all.fold(f64::INFINITY, f64::min),
    };
    // What a lane holds before the tree.
    let share = |group: usize, lane: usize| {
        let (output, row) = (group * columns + lane % columns, lane / columns);
        fold(&mut (row..terms).step_by(WIDTH / columns).map(|term| x[at(output, term)]))
    };
    // What the lanes that arrive (as seen from a column) make together.
    let arrived = |takes: &dyn Fn(usize, usize) -> bool, adds: bool| -> Vec<f64> {
        let one = |output: usize| {
            let (group, column) = (output / columns, output % columns);
            let lanes = (0..WIDTH).filter(|&lane| takes(lane, column));
            let mut held = lanes.map(|lane| share(group, lane));
            if adds { held.sum() } else { fold(&mut held) }
        };
        (0..outputs).map(one).collect()
    };
    let own = |lane: usize, column: usize| lane % columns == column;
    let mut list = vec![
        (
            "tree-missing",
            "only what one lane had gathered is there. Does the loop over halves go round at all?",
            arrived(&|lane, column| lane == column, false),
        ),
        (
            "last-round-missing",
            "half of the lanes never arrived: the tree stops one round too early. One row of COLS \
             results is to be left, not two.",
            arrived(&|lane, column| own(lane, column) && lane / columns % 2 == 0, false),
        ),
        (
            "first-round-missing",
            "the upper half of the lanes never arrived: the tree begins too small. Its first round folds \
             WG / 2 lanes into the other WG / 2.",
            arrived(&|lane, column| own(lane, column) && lane < WIDTH / 2, false),
        ),
    ];
    if columns > 1 {
        // Below COLS, each round folds columns a power of two apart.
        let apart = |column: usize| (column + 1).next_power_of_two();
        list.push((
            "columns-mixed",
            "the tree went on when one row of COLS results was left: neighbouring columns were folded \
             into each other.",
            arrived(&|lane, column| lane % columns % apart(column) == column, false),
        ));
    }
    if op != Reduce::Sum {
        list.push((
            "always-adds",
            "the tree adds. One kernel serves sum, max and min: fold() knows which.",
            arrived(&own, true),
        ));
    }
    list
}
