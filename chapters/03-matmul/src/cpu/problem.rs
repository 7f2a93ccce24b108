//! What the params say, and the result split into rows that threads can own.
use crate::ladder::product;
use std::ops::Range;

/// An operand: where its matrices lie and how far its elements are apart.
#[derive(Clone, Copy)]
pub(super) struct Operand<'a> {
    data: &'a [f32],
    pub row: usize,
    pub col: usize,
    outer: usize,
    inner: usize,
}

/// A product as the params describe it.
pub(super) struct Problem<'a> {
    pub m: usize,
    pub n: usize,
    pub k: usize,
    /// Product p is (p / inner, p % inner).
    inner: usize,
    pub a: Operand<'a>,
    pub b: Operand<'a>,
    alpha: f32,
    accumulate: bool,
    bias: Option<&'a [f32]>,
    residual: Option<&'a [f32]>,
    gelu: bool,
}

/// A row of the result, or a piece of one.
pub(super) struct Row<'a> {
    /// Its number: row i of product p is p·m + i.
    pub number: usize,
    /// Its first column.
    pub column: usize,
    pub c: &'a mut [f32],
    /// The same of the activated output; empty where there is none.
    pub activated: &'a mut [f32],
}

impl Problem<'_> {
    /// The two matrices of product `p`, from their first elements on.
    pub fn operands(&self, p: usize) -> [&[f32]; 2] {
        [&self.a, &self.b].map(|x| {
            let at = p / self.inner * x.outer + p % self.inner * x.inner;
            x.data.get(at..).unwrap_or(&[])
        })
    }

    /// Stores the sums over one block of k: the first starts the row, the last finishes it.
    #[inline(always)]
    pub fn store(&self, row: &mut Row, at: usize, sums: &[f32], first: bool, last: bool) {
        let Row { number, column, c, .. } = row;
        let c = &mut c[at..at + sums.len()];
        if first && !self.accumulate {
            c.iter_mut().zip(sums).for_each(|(c, s)| *c = self.alpha * s);
        } else {
            c.iter_mut().zip(sums).for_each(|(c, s)| *c += self.alpha * s);
        }
        if !last {
            return;
        }
        let j = *column + at;
        if let Some(bias) = self.bias {
            c.iter_mut().zip(&bias[j..]).for_each(|(c, b)| *c += b);
        }
        if let Some(residual) = self.residual {
            c.iter_mut().zip(&residual[*number * self.n + j..]).for_each(|(c, r)| *c += r);
        }
    }

    /// The activated output of these columns of a row, once their sums are finished: many at a time, since
    /// a piece as short as a tile is too short for vectors.
    pub fn activate(&self, row: &mut Row, columns: Range<usize>) {
        if self.gelu {
            super::gelu::gelu(&row.c[columns.clone()], &mut row.activated[columns]);
        }
    }
}

/// Takes the arguments apart and calls `body` with the problem and every row of the result.
pub(super) fn solve(args: product::Cpu, body: impl FnOnce(&Problem, Vec<Row>)) {
    let product::Cpu { a, b, bias, residual, c, activated, params: p, constants } = args;
    let on = |name: &str| constants.get(name, 0) != 0;
    let problem = Problem {
        m: p.m,
        n: p.n,
        k: p.k,
        inner: p.inner,
        a: Operand {
            data: a.get(p.a_offset..).unwrap_or(&[]),
            row: p.a_row,
            col: p.a_col,
            outer: p.a_outer,
            inner: p.a_inner,
        },
        b: Operand {
            data: b.get(p.b_offset..).unwrap_or(&[]),
            row: p.b_row,
            col: p.b_col,
            outer: p.b_outer,
            inner: p.b_inner,
        },
        alpha: p.alpha,
        accumulate: on("ACCUMULATE"),
        bias: on("BIAS").then_some(bias),
        residual: on("RESIDUAL").then_some(residual),
        gelu: on("GELU"),
    };
    let starts = (0..p.batches * p.m).map(|number| {
        let (product, i) = (number / p.m, number % p.m);
        let (outer, inner) = (product / p.inner, product % p.inner);
        p.c_offset + outer * p.c_outer + inner * p.c_inner + i * p.c_row
    });
    let mut rows = split_rows(c, starts.collect(), p.n);
    if problem.gelu {
        let activated = activated.chunks_exact_mut(p.n);
        rows.iter_mut().zip(activated).for_each(|(row, activated)| row.activated = activated);
    }
    body(&problem, rows);
}

/// Splits `c` into rows of `n` at these starts. Safe Rust lets go of a slice from front to back only,
/// so the rows are split off in the order of memory and then put back into their own.
fn split_rows(mut c: &mut [f32], starts: Vec<usize>, n: usize) -> Vec<Row<'_>> {
    let mut order: Vec<usize> = (0..starts.len()).collect();
    // Linear time where the rows lie in order already, as they nearly always do.
    order.sort_by_key(|&number| starts[number]);
    let mut rows = Vec::with_capacity(starts.len());
    let mut consumed = 0;
    for number in order {
        // `gemm_into` has refused outputs whose rows overlap.
        let (_, rest) = c.split_at_mut(starts[number] - consumed);
        let (row, rest) = rest.split_at_mut(n);
        (consumed, c) = (starts[number] + n, rest);
        rows.push(Row { number, column: 0, c: row, activated: &mut [] });
    }
    rows.sort_by_key(|row| row.number);
    rows
}
