//! A few rows times a matrix: what decoding does, one token at a time. Every element of `b` is used
//! only once or a few times, so packing it would cost more than it saves; `b` is read where it lies,
//! at the speed of memory.
use super::pack::Lines;
use super::problem::{Problem, Row};
use super::tasks::{Task, each, split};
use strata_lanes::vectorize;

/// Up to this many rows.
pub(super) const ROWS: usize = 4;
/// Columns at a time: their sums stay in the first cache while rows of `b` stream by.
const WIDTH: usize = 512;
/// Rows of `b` that are added in one pass over the sums.
const STREAMS: usize = 4;
/// Lanes of a sum along k.
const LANES: usize = 32;
/// Rows that share a pass over `b`.
const GROUP: usize = 4;

pub(super) fn multiply(problem: &Problem, a: Lines, b: Lines, rows: Vec<Row>, threads: usize) {
    let (n, k) = (problem.n, problem.k);
    // The rows of `a`, contiguous: there are few.
    let mut dense = vec![0.0; rows.len() * k];
    for i in 0..rows.len() {
        for l in 0..k {
            dense[i * k + l] = a.data[i * a.line + l * a.k];
        }
    }
    let wanted = if threads == 1 { 1 } else { 2 * threads };
    let width = n.div_ceil(wanted).next_multiple_of(LANES);
    let mut tasks = split(rows, ROWS, width);
    each(&mut tasks, threads, |task| vectorize(|| run(problem, task, &dense, b)));
}

#[inline(always)]
fn run(problem: &Problem, task: &mut Task, a: &[f32], b: Lines) {
    let (k, width) = (problem.k, task.width());
    let groups = task.rows.len().div_ceil(GROUP);
    for j in (0..width).step_by(WIDTH) {
        let columns = WIDTH.min(width - j);
        for g in 0..groups {
            let rows = &mut task.rows[g * GROUP..];
            let used = rows.len().min(GROUP);
            // A group that is not full takes its last row again; nobody looks at what comes of it.
            let row = |i: usize| &a[(g * GROUP + i.min(used - 1)) * k..][..k];
            let a: [&[f32]; GROUP] = std::array::from_fn(row);
            let mut sums = [[0.0; WIDTH]; GROUP];
            match used {
                1 => block::<1>(&mut sums, a, b, task.j + j, columns),
                2 => block::<2>(&mut sums, a, b, task.j + j, columns),
                _ => block::<GROUP>(&mut sums, a, b, task.j + j, columns),
            }
            for (row, sums) in rows.iter_mut().zip(&sums).take(used) {
                problem.store(row, j, &sums[..columns], true, true);
            }
        }
    }
    task.rows.iter_mut().for_each(|row| problem.activate(row, 0..width));
}

/// The first `R` rows times `columns` columns of `b`, from column `j` on.
#[inline(always)]
fn block<const R: usize>(
    sums: &mut [[f32; WIDTH]; GROUP],
    a: [&[f32]; GROUP],
    b: Lines,
    j: usize,
    columns: usize,
) {
    let k = a[0].len();
    if b.line == 1 {
        // Elements of a row lie side by side: rows are scaled and added, a few at a time.
        let row = |l: usize| &b.data[l * b.k + j..][..columns];
        let whole = k / STREAMS * STREAMS;
        for l in (0..whole).step_by(STREAMS) {
            let (b0, b1, b2, b3) = (row(l), row(l + 1), row(l + 2), row(l + 3));
            for i in 0..R {
                let (x, sums) = (&a[i][l..l + STREAMS], &mut sums[i][..columns]);
                let (x0, x1, x2, x3) = (x[0], x[1], x[2], x[3]);
                // Slices of one known length: no check is left in the loop, so it becomes vectors.
                for w in 0..columns {
                    sums[w] += (x0 * b0[w] + x1 * b1[w]) + (x2 * b2[w] + x3 * b3[w]);
                }
            }
        }
        for l in whole..k {
            for i in 0..R {
                sums[i].iter_mut().zip(row(l)).for_each(|(s, b)| *s += a[i][l] * b);
            }
        }
        return;
    }
    // Columns run along k, or nearly so: dot products.
    for w in 0..columns {
        let column = &b.data[(j + w) * b.line..];
        for i in 0..R {
            sums[i][w] = if b.k == 1 {
                dot(a[i], &column[..k])
            } else {
                (0..k).map(|l| a[i][l] * column[l * b.k]).sum()
            };
        }
    }
}

#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            lanes[l] += a[l] * b[l];
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    // Halves are added to halves: a tree that vectors can climb down.
    let mut half = LANES / 2;
    while half > 0 {
        for l in 0..half {
            lanes[l] += lanes[l + half];
        }
        half /= 2;
    }
    lanes[0] + rest
}
