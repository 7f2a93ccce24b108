use super::left_out::{add_counted, through, wild};
use super::pack::{self, TILE};
use super::pairs::Pairs;
use super::rows::carve;
use super::simd::Gemm;
use crate::backward::gradients_tiled;
use rayon::prelude::*;
use strata_lanes::{Body, exp, widest};

/// Gradients of keys and values.
///
/// With the constant `FUSED` the gradient of the queries too. A GPU cannot do that in one kernel
/// without atomics: dQ sums over keys, dK over queries, and its workgroups own one or the other.
/// Here a task owns a whole head, and P and dS need to be made only once.
pub(crate) fn dkdv(args: gradients_tiled::Cpu<'_>) {
    let both = args.constants.get("FUSED", 0) == 1;
    backward(args, true, both);
}

/// Gradient of the queries.
pub(crate) fn dq(args: gradients_tiled::Cpu<'_>) {
    backward(args, false, true);
}

fn backward(args: gradients_tiled::Cpu<'_>, want_dkdv: bool, want_dq: bool) {
    let gradients_tiled::Cpu { q, k, v, d_out, lse, delta, state, grads, params, constants } = args;
    let p = Pairs::new(params, constants, state);
    let views = [(&p.dq, p.rows), (&p.dk, p.keys), (&p.dv, p.keys)];
    let [mut dq, mut dk, mut dv] = carve(grads, &p, views);
    let keys = dk.par_chunks_mut(p.keys).zip(dv.par_chunks_mut(p.keys));
    let heads = dq.par_chunks_mut(p.rows).zip(keys).enumerate();
    heads.for_each(|(head, (dq, (dk, dv)))| {
        let statistics = |all: &'_ [f32]| all[head * p.rows..][..p.rows].to_vec();
        let (lse, delta) = (statistics(lse), statistics(delta));
        let (dk, dv) = if want_dkdv { (dk, dv) } else { (&mut [][..], &mut [][..]) };
        let dq = if want_dq { dq } else { &mut [] };
        widest(Head { p: &p, q, k, v, d_out, lse: &lse, delta: &delta, head, dq, dk, dv });
    });
}

/// One head; gradients that are not wanted are empty.
struct Head<'a, 'b> {
    p: &'a Pairs<'a>,
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    d_out: &'a [f32],
    lse: &'a [f32],
    delta: &'a [f32],
    head: usize,
    dq: &'a mut [&'b mut [f32]],
    dk: &'a mut [&'b mut [f32]],
    dv: &'a mut [&'b mut [f32]],
}

impl Body for Head<'_, '_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        let (p, head) = (self.p, self.head);
        let width = pack::width(p.dim);
        let [mut q, mut d_out, mut k, mut k_columns, mut v_columns] = [const { Vec::new() }; 5];
        pack::rows(p, self.q, &p.q, head, (0, p.rows), &mut q);
        pack::rows(p, self.d_out, &p.out, head, (0, p.rows), &mut d_out);
        pack::rows(p, self.k, &p.k, head, (0, p.valid), &mut k);
        pack::columns(p, self.k, &p.k, head, p.valid, &mut k_columns);
        pack::columns(p, self.v, &p.v, head, p.valid, &mut v_columns);
        let [wild_q, wild_d_out, wild_k] = [&q, &d_out, &k].map(|x| wild(x, TILE * width));
        let mut dq = vec![0.0; q.len()];
        let [mut dk, mut dv] = [const { Vec::new() }; 2];
        let (mut probabilities, mut d_scores) = (vec![0.0; TILE * TILE], vec![0.0; TILE * TILE]);
        let mut mask = [0f32; TILE];

        for start in (0..p.valid).step_by(TILE) {
            let n = TILE.min(p.valid - start);
            for sums in [&mut dk, &mut dv] {
                sums.clear();
                sums.resize(pack::height(n) * width, 0.0);
            }
            let columns = start * width..(start + TILE) * width;
            // Causal: the first query that sees the tile's first key.
            let seeing = if p.causal { start.saturating_sub(p.first) } else { 0 };
            for first in (seeing / TILE * TILE..p.rows).step_by(TILE) {
                let m = TILE.min(p.rows - first);
                let rows = first * width..first * width + pack::height(m) * width;
                // S = Q K^T and dP = dO V^T
                let g = Gemm {
                    m: pack::height(m),
                    n: TILE,
                    k: width,
                    a_row: width,
                    a_column: 1,
                    b_row: TILE,
                    c_row: TILE,
                    add: false,
                };
                g.run(&q[rows.clone()], &k_columns[columns.clone()], &mut probabilities);
                g.run(&d_out[rows.clone()], &v_columns[columns.clone()], &mut d_scores);
                // P = exp(S - lse) and dS = P (dP - delta)
                let both =
                    probabilities.chunks_exact_mut(TILE).zip(d_scores.chunks_exact_mut(TILE));
                for (i, (s, d)) in both.take(m).enumerate() {
                    let seen = p.visible(first + i).saturating_sub(start).min(n);
                    let (lse, delta) = (self.lse[first + i], self.delta[first + i]);
                    // What is not seen is left out of all that follows.
                    s[seen..].fill(0.0);
                    d[seen..].fill(0.0);
                    let (s, d) = (&mut s[..seen], &mut d[..seen]);
                    if let Some(dropout) = &p.dropout {
                        dropout.mask(head, first + i, start, &mut mask);
                        for ((s, d), &mask) in s.iter_mut().zip(&mut *d).zip(&mask) {
                            let probability = exp::<FMA>(*s * p.scale - lse);
                            *d = probability * (through(*d, mask) - delta) * p.scale;
                            *s = through(probability, mask);
                        }
                    } else {
                        for (s, d) in s.iter_mut().zip(&mut *d) {
                            *s = exp::<FMA>(*s * p.scale - lse);
                            *d = *s * (*d - delta) * p.scale;
                        }
                    }
                    p.cover(head, start, s, 0.0);
                    p.cover(head, start, d, 0.0);
                }
                // dV += P^T dO, dK += dS^T Q, dQ += dS K
                // region: sums
                // Of a pair of these tiles: what it weighs, unless it is masked.
                let tile = first / TILE;
                let seen = |i: usize, j: usize| p.sees(head, first + i, start + j);
                let keeps = |i: usize, j: usize| !p.drops(head, first + i, start + j);
                if !self.dk.is_empty() {
                    let g = Gemm {
                        m: pack::height(n),
                        n: width,
                        k: m,
                        a_row: 1,
                        a_column: TILE,
                        b_row: width,
                        c_row: width,
                        add: true,
                    };
                    let (up, queries) = (&d_out[rows.clone()], &q[rows.clone()]);
                    if wild_d_out[tile] {
                        add_counted(&mut dv[..n * width], &up[..m * width], width, |j, i| {
                            (seen(i, j) && keeps(i, j)).then(|| probabilities[i * TILE + j])
                        });
                    } else {
                        g.run(&probabilities, up, &mut dv);
                    }
                    if wild_q[tile] {
                        add_counted(&mut dk[..n * width], &queries[..m * width], width, |j, i| {
                            seen(i, j).then(|| d_scores[i * TILE + j])
                        });
                    } else {
                        g.run(&d_scores, queries, &mut dk);
                    }
                }
                if !self.dq.is_empty() {
                    let g = Gemm {
                        m: pack::height(m),
                        n: width,
                        k: n,
                        a_row: TILE,
                        a_column: 1,
                        b_row: width,
                        c_row: width,
                        add: true,
                    };
                    let keys = &k[start * width..];
                    if wild_k[start / TILE] {
                        let dq = &mut dq[rows.start..][..m * width];
                        add_counted(dq, &keys[..n * width], width, |i, j| {
                            seen(i, j).then(|| d_scores[i * TILE + j])
                        });
                    } else {
                        g.run(&d_scores, keys, &mut dq[rows]);
                    }
                }
                // end: sums
            }
            let wanted = self.dk.iter_mut().zip(self.dv.iter_mut()).skip(start).take(n).enumerate();
            for (j, (to_k, to_v)) in wanted {
                to_k.copy_from_slice(&dk[j * width..][..p.dim]);
                to_v.copy_from_slice(&dv[j * width..][..p.dim]);
            }
        }
        for (i, to) in self.dq.iter_mut().enumerate() {
            to.copy_from_slice(&dq[i * width..][..p.dim]);
        }
    }
}
