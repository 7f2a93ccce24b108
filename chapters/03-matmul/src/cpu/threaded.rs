//! Idea: never fetch twice what can stay near. A tile of the result stays in registers while k goes
//! by (`simd*.rs`); the panel of `a` it needs stays in the first cache, a block of `b` in the second,
//! and both were packed so that they are read in the order they lie in. Rectangles of the result go
//! to all cores. (Goto and van de Geijn, "Anatomy of high-performance matrix multiplication", 2008;
//! Van Zee and van de Geijn, "BLIS", 2015.)
//!
//! Cost: 2·m·n·k FLOPs; packing moves m·k + k·n elements once more.
//! Gain over `1_naive`: two orders of magnitude, half of it from registers and vectors.
//!
//! How the work is tiled depends on the number of threads, but the order in which the products of one
//! element are added up depends on k alone: the same bits with any number of threads.
use super::micro::{Micro, TILE};
use super::pack::{Lines, pack};
use super::problem::{Problem, Row, solve};
use super::scratch::Scratch;
use super::tasks::{Task, each, pieces, split};
use super::{simd, small};
use crate::ladder::product;
use rayon::prelude::*;
use strata_lanes::{Width, vectorize};

/// Elements along k in a block: a panel of `a` of this depth fits the first cache.
const DEPTH: usize = 384;
/// Rows and columns that are packed at a time: what bounds the scratch memory (9 MB).
const ROWS: usize = 2048;
const COLUMNS: usize = 4096;
/// Elements of a block of `b` that shall stay in the second cache (512 KiB of f32).
const NEAR: usize = 128 << 10;
/// Below this many FLOPs a product is not worth waking a thread for.
const SERIAL: f64 = 262_144.0;

pub(crate) fn threaded(args: product::Cpu) {
    solve(args, |problem, rows| {
        let products = pieces(rows, problem.m);
        let threads = rayon::current_num_threads();
        let flops = 2.0 * problem.m as f64 * problem.n as f64 * problem.k as f64;
        if products.len() >= 2 * threads && threads > 1 {
            // Enough products to keep every core busy without splitting one.
            let whole = |(p, rows)| multiply(problem, p, rows, 1);
            products.into_par_iter().enumerate().for_each(whole);
        } else {
            let threads = if flops < SERIAL { 1 } else { threads };
            for (p, rows) in products.into_iter().enumerate() {
                multiply(problem, p, rows, threads);
            }
        }
    });
}

/// One product of the batch.
fn multiply(problem: &Problem, p: usize, rows: Vec<Row>, threads: usize) {
    let [a, b] = problem.operands(p);
    let a = Lines { data: a, line: problem.a.row, k: problem.a.col };
    let b = Lines { data: b, line: problem.b.col, k: problem.b.row };
    if problem.m <= small::ROWS {
        return small::multiply(problem, a, b, rows, threads);
    }
    let micro = simd::of(Width::widest());
    let (m, n, k) = (problem.m, problem.n, problem.k);
    let depth = even(k, DEPTH, 1);
    let (height, slab_rows, width, slab_columns) = tile_sizes(micro, m, n, threads);
    // The tasks of each slab of rows and columns.
    let slabs = m.div_ceil(slab_rows);
    let mut tasks: Vec<Vec<Task>> = Vec::new();
    tasks.resize_with(slabs * n.div_ceil(slab_columns), Vec::new);
    for task in split(rows, height, width) {
        tasks[task.j / slab_columns * slabs + task.i / slab_rows].push(task);
    }
    let mut scratch = Scratch::take();
    let (left, right) = scratch.split(slab_rows * depth, slab_columns * depth);
    for j in (0..n).step_by(slab_columns) {
        for from in (0..k.max(1)).step_by(depth.max(1)) {
            let ks = (from, depth.min(k - from));
            pack_all(micro.nr, right, b, (j, slab_columns.min(n - j)), ks, threads);
            for i in (0..m).step_by(slab_rows) {
                pack_all(micro.mr, left, a, (i, slab_rows.min(m - i)), ks, threads);
                let here = &mut tasks[j / slab_columns * slabs + i / slab_rows];
                let (first, last) = (from == 0, from + ks.1 >= k);
                each(here, threads, |task| {
                    let (left, right) =
                        (&left[(task.i - i) * ks.1..], &right[(task.j - j) * ks.1..]);
                    let block = Block { micro, depth: ks.1, left, right, first, last };
                    vectorize(|| block.run(problem, task));
                });
            }
        }
    }
    scratch.give_back();
}

/// `whole` in blocks of equal size, at most `most` and a multiple of `unit`: 400 becomes 2·200, not
/// 384 and a bit.
fn even(whole: usize, most: usize, unit: usize) -> usize {
    whole.div_ceil(whole.div_ceil(most).max(1)).next_multiple_of(unit)
}

/// Height of a task, rows of a slab (a multiple of it), and the same of columns: several tasks for
/// each thread, split by rows as long as they stay high enough to pay for fetching their block of `b`.
fn tile_sizes(micro: &Micro, m: usize, n: usize, threads: usize) -> (usize, usize, usize, usize) {
    let (rows, columns) = (even(m, ROWS, micro.mr), even(n, COLUMNS, micro.nr));
    let wanted = if threads == 1 { 1 } else { 4 * threads };
    let high = (rows / micro.mr).div_ceil(4).min(wanted);
    let height = even(rows, rows.div_ceil(high), micro.mr);
    let wide = wanted.div_ceil(rows.div_ceil(height)).min(columns / micro.nr);
    let width = even(columns, columns.div_ceil(wide), micro.nr);
    (height, rows.next_multiple_of(height), width, columns.next_multiple_of(width))
}

/// Packs some lines of an operand into panels of `width`.
fn pack_all(
    width: usize,
    out: &mut [f32],
    of: Lines,
    (start, lines): (usize, usize),
    ks: (usize, usize),
    threads: usize,
) {
    let panels = lines.div_ceil(width);
    let size = width * ks.1;
    let mut panels: Vec<_> =
        out[..panels * size].chunks_exact_mut(size.max(1)).enumerate().collect();
    each(&mut panels, threads, |(p, out)| {
        let line = *p * width;
        vectorize(|| pack(width, out, of, (start + line, width.min(lines - line)), ks));
    });
}

/// What one task does with one block of k.
struct Block<'a> {
    micro: &'static Micro,
    depth: usize,
    /// The task's packed panels.
    left: &'a [f32],
    right: &'a [f32],
    first: bool,
    last: bool,
}

impl Block<'_> {
    #[inline(always)]
    fn run(&self, problem: &Problem, task: &mut Task) {
        let Micro { mr, nr, run, .. } = *self.micro;
        let (width, depth) = (task.width(), self.depth);
        let near = (NEAR / depth.max(1)).next_multiple_of(nr);
        let mut tile = Tile([0.0; TILE]);
        for block in (0..width).step_by(near) {
            for i in (0..task.rows.len()).step_by(mr) {
                let left = &self.left[i * depth..][..mr * depth];
                for j in (block..width.min(block + near)).step_by(nr) {
                    run(left, &self.right[j * depth..][..nr * depth], &mut tile.0);
                    let columns = nr.min(width - j);
                    for (row, sums) in
                        task.rows[i..].iter_mut().zip(tile.0.chunks_exact(nr)).take(mr)
                    {
                        problem.store(row, j, &sums[..columns], self.first, self.last);
                    }
                }
                if self.last {
                    let columns = block..width.min(block + near);
                    let rows = task.rows[i..].iter_mut().take(mr);
                    rows.for_each(|row| problem.activate(row, columns.clone()));
                }
            }
        }
    }
}

/// A tile on its way from registers to the result, on a cache line of its own.
#[repr(align(64))]
struct Tile([f32; TILE]);
