use super::left_out::{add_counted, wild};
use super::pack::{self, TILE};
use super::pairs::Pairs;
use super::rows::carve;
use super::simd::Gemm;
use crate::forward::attend_tiled;
use rayon::prelude::*;
use strata_lanes::{Body, dot, exp, fma, max as largest, sum, widest};

/// Attention in tiles of 64 queries by 64 keys with an online softmax.
///
/// A task is a tile of queries of one head; the head's keys (transposed) and values are packed once
/// for all of its tiles. What a task holds is a few tiles, whatever the number of keys.
pub(crate) fn flash1(args: attend_tiled::Cpu<'_>) {
    let attend_tiled::Cpu { q, k, v, state, out, lse, params, constants } = args;
    let p = Pairs::new(params, constants, state);
    let [mut rows] = carve(out, &p, [(&p.out, p.rows)]);
    let lse = &mut lse[..p.all_heads() * p.rows];
    let heads = rows.par_chunks_mut(p.rows).zip(lse.par_chunks_mut(p.rows)).enumerate();
    heads.for_each(|(head, (out, lse))| {
        // With so few queries packing the keys costs more than it saves: decoding comes here.
        if p.rows < 4 {
            let rows = out.iter_mut().zip(lse).enumerate();
            return rows.for_each(|(row, (out, lse))| {
                widest(Row { p: &p, q, k, v, head, row, out, lse });
            });
        }
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        pack::columns(&p, k, &p.k, head, p.valid, &mut keys);
        pack::rows(&p, v, &p.v, head, (0, p.valid), &mut values);
        let wild = wild(&values, TILE * pack::width(p.dim));
        let tiles = out.par_chunks_mut(TILE).zip(lse.par_chunks_mut(TILE)).enumerate();
        tiles.for_each(|(tile, (out, lse))| {
            let first = tile * TILE;
            let (keys, values, wild) = (&keys, &values, &wild);
            widest(Tile { p: &p, q, keys, values, wild, head, first, out, lse });
        });
    });
}

/// A tile of queries.
struct Tile<'a, 'b> {
    p: &'a Pairs<'a>,
    q: &'a [f32],
    /// `[tiles, width, TILE]`
    keys: &'a [f32],
    /// `[keys, width]`
    values: &'a [f32],
    /// Whether a tile of values holds infinity or NaN.
    wild: &'a [bool],
    head: usize,
    first: usize,
    out: &'a mut [&'b mut [f32]],
    lse: &'a mut [f32],
}

impl Body for Tile<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (p, n) = (self.p, self.out.len());
        let (width, height) = (pack::width(p.dim), pack::height(n));
        let mut q = Vec::new();
        pack::rows(p, self.q, &p.q, self.head, (self.first, self.first + n), &mut q);
        q.iter_mut().for_each(|x| *x *= p.scale);
        let mut scores = vec![0.0; height * TILE];
        let mut sums = vec![0.0; height * width];
        // Not minus infinity: scores may be that, and -inf - -inf is not a number.
        let mut max = [f32::MIN; TILE];
        let mut total = [0f32; TILE];
        let mut mask = [0f32; TILE];

        // Keys beyond what the last query sees are skipped, tile by tile.
        for start in (0..p.visible(self.first + n - 1)).step_by(TILE) {
            let keys = &self.keys[start * width..][..width * TILE];
            let (a_row, a_column) = (width, 1);
            let g = Gemm {
                m: height,
                n: TILE,
                k: width,
                a_row,
                a_column,
                b_row: TILE,
                c_row: TILE,
                add: false,
            };
            g.run(&q, keys, &mut scores);
            for (i, s) in scores.chunks_exact_mut(TILE).take(n).enumerate() {
                let seen = p.visible(self.first + i).saturating_sub(start).min(TILE);
                if seen == 0 {
                    s.fill(0.0);
                    continue;
                }
                // region: online
                // Online softmax: what was summed under the old maximum is scaled to the new one.
                s[seen..].fill(f32::NEG_INFINITY);
                p.cover(self.head, start, &mut s[..seen], f32::NEG_INFINITY);
                let new = largest(s).max(max[i]);
                s.iter_mut().for_each(|x| *x = exp::<FMA>(*x - new));
                let correction = exp::<FMA>(max[i] - new);
                total[i] = total[i] * correction + sum([s], |[x]| x);
                max[i] = new;
                sums[i * width..][..width].iter_mut().for_each(|x| *x *= correction);
                // end: online
                if let Some(dropout) = &p.dropout {
                    dropout.mask(self.head, self.first + i, start, &mut mask);
                    s.iter_mut().zip(&mask).for_each(|(x, m)| *x *= m);
                }
            }
            let k = TILE.min(p.valid - start);
            let values = &self.values[start * width..];
            if self.wild[start / TILE] {
                let head = self.head;
                add_counted(&mut sums[..n * width], &values[..k * width], width, |i, j| {
                    let (row, key) = (self.first + i, start + j);
                    let counts = p.sees(head, row, key) && !p.drops(head, row, key);
                    counts.then(|| scores[i * TILE + j])
                });
                continue;
            }
            let g = Gemm {
                m: height,
                n: width,
                k,
                a_row: TILE,
                a_column,
                b_row: width,
                c_row: width,
                add: true,
            };
            g.run(&scores, values, &mut sums);
        }
        for (i, (out, lse)) in self.out.iter_mut().zip(self.lse).enumerate() {
            // Of nothing: -inf.
            *lse = max[i] + total[i].ln();
            if total[i] == 0.0 && p.blank(self.head, self.first + i) {
                out.fill(0.0);
                continue;
            }
            let (sums, inverse) = (&sums[i * width..][..p.dim], 1.0 / total[i]);
            out.iter_mut().zip(sums).for_each(|(o, s)| *o = s * inverse);
        }
    }
}

/// A single query.
struct Row<'a, 'b> {
    p: &'a Pairs<'a>,
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    head: usize,
    row: usize,
    out: &'a mut &'b mut [f32],
    lse: &'a mut f32,
}

impl Body for Row<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (p, head) = (self.p, self.head);
        let q = p.row(self.q, &p.q, head, self.row);
        let (mut max, mut total) = (f32::MIN, 0.0);
        let (mut scores, mut mask) = ([0f32; TILE], [0f32; TILE]);
        self.out.fill(0.0);
        let keys = p.visible(self.row);
        for start in (0..keys).step_by(TILE) {
            let s = &mut scores[..TILE.min(keys - start)];
            for (j, x) in s.iter_mut().enumerate() {
                *x = p.scale * dot::<FMA>(q, p.row(self.k, &p.k, head, start + j));
            }
            p.cover(head, start, s, f32::NEG_INFINITY);
            let new = largest(s).max(max);
            let correction = exp::<FMA>(max - new);
            s.iter_mut().for_each(|x| *x = exp::<FMA>(*x - new));
            total = total * correction + sum([s], |[x]| x);
            max = new;
            self.out.iter_mut().for_each(|x| *x *= correction);
            if let Some(dropout) = &p.dropout {
                dropout.mask(head, self.row, start, &mut mask);
                s.iter_mut().zip(&mask).for_each(|(x, m)| *x *= m);
            }
            for (j, &weight) in s.iter().enumerate() {
                // Dropped or masked: left out, since 0 times infinity would be NaN.
                if p.dropout.is_some() && mask[j] == 0.0 || !p.unmasked(head, start + j) {
                    continue;
                }
                let v = p.row(self.v, &p.v, head, start + j);
                self.out.iter_mut().zip(v).for_each(|(o, v)| *o = fma::<FMA>(weight, *v, *o));
            }
        }
        *self.lse = max + total.ln();
        if total == 0.0 && p.blank(head, self.row) {
            return self.out.fill(0.0);
        }
        self.out.iter_mut().for_each(|x| *x /= total);
    }
}
