//! A matrix turned through a tile in shared memory.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "matrices made here, with rows and columns; indexes count their elements, fewer than 2^32"
)]

use crate::{Outcome, Problem, Question, Trial, kernel, noise};
use strata_check::oracle::copy;
use strata_check::{Owner, Tolerance, sample};
use strata_ml::device::{Device, Launch};
use strata_ml::tensor::Tensor;

kernel! {
    "ex01-tensor"
    mod flip {
        bindings { x: read f32, y: write f32 }
        params { rows: usize, columns: usize }
    }
    static KERNEL = "transpose/2_tiled"(transpose)
}

const TILE: usize = 32;
const ROWS: usize = 8;

pub(super) async fn judge(trial: &mut Trial) -> Outcome {
    for shape in [[3, 3], [2, 3], [32, 32], [64, 64], [64, 32]] {
        let n = shape[0] * shape[1];
        turn(trial, shape, &(1..=n).map(|i| i as f32).collect::<Vec<_>>()).await?;
    }
    for (seed, shape) in
        [[33, 70], [70, 33], [1, 100], [100, 1], [1, 1], [500, 700]].into_iter().enumerate()
    {
        turn(trial, shape, &sample::normal(seed as u64, shape[0] * shape[1])).await?;
    }
    Ok(())
}

async fn turn(trial: &mut Trial, [rows, columns]: [usize; 2], data: &[f32]) -> Outcome {
    let x = trial.tensor(data, &[rows, columns])?;
    let y = trial.poison(&[columns, rows])?;
    trial.launch(&launch(&x, &y))?;
    let wide = sample::widen(data);
    let want = copy::transpose(&wide, rows, columns);
    let mut question =
        Question::new("y", &y).input("x", &[rows, columns]).owner(|i| owner(i, rows));
    // Where these mistakes leave no hole and write nothing twice, their results are known.
    if rows == columns && (rows < TILE || rows % TILE == 0) {
        let n = rows;
        let place = |i: usize| {
            let (row, column) = (i / n, i % n);
            (row / TILE * TILE, row % TILE, column / TILE * TILE, column % TILE)
        };
        let from = |f: &dyn Fn(usize) -> usize| (0..n * n).map(|i| wide[f(i)]).collect::<Vec<_>>();
        let unturned = from(&|i| {
            let (tile_row, r, tile_column, c) = place(i);
            (tile_column + r) * n + tile_row + c
        });
        let in_place = from(&|i| {
            let (tile_row, r, tile_column, c) = place(i);
            (tile_row + c) * n + tile_column + r
        });
        question = question
            .suspect(
                "tile-not-turned",
                "every tile stands in its new place, and inside it nothing is turned: it was read as \
                 it was written. Element (r, lane) of the output's tile is (lane, r) of the input's.",
                unturned,
            )
            .suspect(
                "tile-stays-in-place",
                "every tile is turned and stands where it stood before. The tile at (row0, column0) of \
                 x belongs at (column0, row0) of y.",
                in_place,
            );
        if n > TILE {
            question = question.suspect("copied", "that is x itself, copied.", wide.clone());
        }
    }
    trial.check(question, &want, &Tolerance::Exact).await
}

/// Element i of the output, whose rows are as long as the input has rows.
fn owner(i: usize, rows: usize) -> Owner {
    let (row, column) = (i / rows, i % rows);
    let lane = row % TILE % ROWS * TILE + column % TILE;
    Owner { workgroup: [(row / TILE) as u32, (column / TILE) as u32, 0], lane: lane as u32 }
}

fn launch(x: &Tensor, y: &Tensor) -> Launch {
    let (rows, columns) = (x.shape()[0], x.shape()[1]);
    KERNEL
        .launch(flip::Bindings { x: x.binding(), y: y.binding() }, flip::Params { rows, columns })
        .grid(columns.div_ceil(TILE), rows.div_ceil(TILE), 1)
        .block((TILE * ROWS) as u32, 1, 1)
        .cost(0.0, 8.0 * (rows * columns) as f64)
}

pub(super) fn speed(device: &Device) -> Outcome<Problem> {
    let n = if device.info().caps.software { 1024 } else { 8192 };
    let x = noise(device, &[n, n])?;
    let y = Tensor::zeros(device, x.dtype(), &[n, n])?;
    let device = device.clone();
    Ok(Problem::new(format!("{n} x {n}"), move || device.launch(&launch(&x, &y))))
}
