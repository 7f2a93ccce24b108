use super::walk::{CHUNK, Walk, chunks};
use crate::ops::argmax::find_largest;
use crate::ops::reduce::fold;
use rayon::prelude::*;
use std::ops::Range;

/// Constant: OP.
pub(crate) fn reduce(fold::Cpu { x, out, params, constants }: fold::Cpu) {
    let out = &mut out[..params.n];
    let terms = Terms::of(&params, x);
    let larger = |a: f32, x: f32| if x > a || x.is_nan() { x } else { a };
    let smaller = |a: f32, x: f32| if x < a || x.is_nan() { x } else { a };
    match constants.get("OP", 0) {
        0 => terms.fold(out, 0.0, |a, x| a + x),
        1 => terms.fold(out, f32::NEG_INFINITY, larger),
        _ => terms.fold(out, f32::INFINITY, smaller),
    }
}

/// Lanes of partial results: they let the compiler use vectors, and make long sums more exact.
const LANES: usize = 16;
/// Neighboring columns folded together, so that whole cache lines are used.
const COLUMNS: usize = 64;
/// Terms added up before they join the total: errors grow with the square root of this, not of k.
const RUN: usize = 128;

/// What folds into which output.
struct Terms<'a> {
    input: &'a [f32],
    outer: Walk<'a, 1>,
    inner: Walk<'a, 1>,
    k: usize,
    scale: f32,
}

impl<'a> Terms<'a> {
    fn of(p: &'a fold::Params, input: &'a [f32]) -> Self {
        let (kept, rank) = (p.kept, p.rank);
        let outer =
            Walk { shape: &p.shape[..kept], strides: [&p.strides[..kept]], offsets: [p.offset] };
        let inner =
            Walk { shape: &p.shape[kept..rank], strides: [&p.strides[kept..rank]], offsets: [0] };
        Terms { input, outer, inner, k: p.k, scale: p.scale }
    }

    fn fold(&self, out: &mut [f32], start: f32, f: impl Fn(f32, f32) -> f32 + Sync) {
        let (width, side) = self.outer.last();
        if side == 1 && self.inner.last().1 != 1 && width > 1 {
            return self.columns(out, width, start, f);
        }
        if self.k >= 2 * CHUNK {
            // Long sums are split into pieces of one size, whatever the number of threads.
            chunks(out, 1, &|i, out| {
                let [base] = self.outer.at(i);
                let mut pieces = vec![start; self.k.div_ceil(CHUNK)];
                chunks(&mut pieces, 1, &|c, piece| {
                    let terms = c * CHUNK..self.k.min((c + 1) * CHUNK);
                    piece[0] = self.one(base, terms, start, &f);
                });
                out[0] = self.scale * pieces.into_iter().fold(start, &f);
            });
            return;
        }
        let per_task = (CHUNK / self.k).max(1);
        chunks(out, per_task, &|c, chunk| {
            for (j, o) in chunk.iter_mut().enumerate() {
                let [base] = self.outer.at(c * per_task + j);
                *o = self.scale * self.one(base, 0..self.k, start, &f);
            }
        });
    }

    /// Some of one output's terms.
    fn one(
        &self,
        base: usize,
        terms: Range<usize>,
        start: f32,
        f: &impl Fn(f32, f32) -> f32,
    ) -> f32 {
        let (width, step) = self.inner.last();
        let mut lanes = [start; LANES];
        let mut i = terms.start;
        while i < terms.end {
            let run = (width - i % width).min(terms.end - i);
            let at = base + self.inner.at(i)[0];
            // region: partial
            if step == 1 {
                let (whole, rest) = self.input[at..at + run].as_chunks::<LANES>();
                for x in whole {
                    for l in 0..LANES {
                        lanes[l] = f(lanes[l], x[l]);
                    }
                }
                rest.iter().enumerate().for_each(|(l, &x)| lanes[l] = f(lanes[l], x));
            } else {
                for l in 0..run {
                    lanes[l % LANES] = f(lanes[l % LANES], self.input[at + l * step]);
                }
            }
            // end: partial
            i += run;
        }
        lanes.into_iter().fold(start, f)
    }

    /// Outputs that lie side by side, like their terms: row after row is folded into a block of them.
    fn columns(
        &self,
        out: &mut [f32],
        width: usize,
        start: f32,
        f: impl Fn(f32, f32) -> f32 + Sync,
    ) {
        let row = |out: &mut [f32], base: usize| {
            let mut total = [start; COLUMNS];
            for first in (0..self.k).step_by(RUN) {
                let mut part = [start; COLUMNS];
                for i in first..self.k.min(first + RUN) {
                    let at = base + self.inner.at(i)[0];
                    let terms = &self.input[at..at + out.len()];
                    part.iter_mut().zip(terms).for_each(|(p, &x)| *p = f(*p, x));
                }
                total.iter_mut().zip(part).for_each(|(t, p)| *t = f(*t, p));
            }
            out.iter_mut().zip(total).for_each(|(o, t)| *o = self.scale * t);
        };
        chunks(out, width, &|r, line| {
            let [base] = self.outer.at(r * width);
            chunks(line, COLUMNS, &|b, block| row(block, base + b * COLUMNS));
        });
    }
}

pub(crate) fn argmax(find_largest::Cpu { x, out, params: p, .. }: find_largest::Cpu<'_>) {
    let rows = out[..p.rows].par_iter_mut().zip(x.par_chunks_exact(p.width));
    rows.for_each(|(o, row)| {
        let mut best = 0;
        for (i, &x) in row.iter().enumerate().skip(1) {
            if row[best].is_nan() {
                break;
            }
            if x > row[best] || x.is_nan() {
                best = i;
            }
        }
        *o = best as u32;
    });
}
