use super::left_out::{tame, through};
use super::pairs::Pairs;
use super::rows::carve;
use crate::backward::gradients;
use rayon::prelude::*;

/// `P = exp(S - lse)` and `dP = (dO V^T) * dropout`, both into `scratch`: P, then dP, each
/// `[batch, heads, rows, keys]`.
pub(crate) fn probabilities(args: gradients::Cpu<'_>) {
    let gradients::Cpu { q, k, v, d_out, lse, state, scratch, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let (probabilities, gradients) = halves(&p, scratch);
    let rows = probabilities.par_chunks_mut(p.keys).zip(gradients.par_chunks_mut(p.keys));
    rows.enumerate().for_each(|(at, (probability, gradient))| {
        let (head, row) = (at / p.rows, at % p.rows);
        let seen = p.visible(row);
        let (q, d_out) = (p.row(q, &p.q, head, row), p.row(d_out, &p.out, head, row));
        for key in 0..seen {
            let score = p.scale * dot(q, p.row(k, &p.k, head, key));
            probability[key] = (score - lse[at]).exp();
            gradient[key] = dot(d_out, p.row(v, &p.v, head, key));
        }
        for x in [&mut *probability, gradient] {
            x[seen..].fill(0.0);
            p.cover(head, 0, &mut x[..seen], 0.0);
        }
        if let Some(dropout) = &p.dropout {
            let mut mask = vec![0.0; p.keys];
            dropout.mask(head, row, 0, &mut mask);
            gradient.iter_mut().zip(&mask).for_each(|(d, &m)| *d = through(*d, m));
        }
    });
}

/// `dS = P (dP - sum(P dP))` in place of dP; P is dropped out as forward had it.
pub(crate) fn softmax_backward(args: gradients::Cpu<'_>) {
    let gradients::Cpu { state, scratch, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let (probabilities, gradients) = halves(&p, scratch);
    let rows = probabilities.par_chunks_mut(p.keys).zip(gradients.par_chunks_mut(p.keys));
    rows.enumerate().for_each(|(at, (probability, gradient))| {
        let sum: f32 = probability.iter().zip(&*gradient).map(|(p, d)| p * d).sum();
        gradient.iter_mut().zip(&*probability).for_each(|(d, p)| *d = p * (*d - sum));
        if let Some(dropout) = &p.dropout {
            let mut mask = vec![0.0; p.keys];
            dropout.mask(at / p.rows, at % p.rows, 0, &mut mask);
            probability.iter_mut().zip(&mask).for_each(|(p, &m)| *p = through(*p, m));
        }
    });
}

/// `dQ = scale dS K`.
pub(crate) fn naive_dq(args: gradients::Cpu<'_>) {
    let gradients::Cpu { k, state, scratch, grads, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let d_scores = &scratch[p.all_heads() * p.rows * p.keys..];
    let [mut dq] = carve(grads, &p, [(&p.dq, p.rows)]);
    dq.par_iter_mut().enumerate().for_each(|(at, dq)| {
        dq.fill(0.0);
        let (head, row) = (at / p.rows, at % p.rows);
        for (key, d) in d_scores[at * p.keys..][..p.visible(row)].iter().enumerate() {
            if !p.unmasked(head, key) {
                continue;
            }
            let k = p.row(k, &p.k, head, key);
            dq.iter_mut().zip(k).for_each(|(o, k)| *o += p.scale * d * k);
        }
    });
}

/// `dK = scale dS^T Q` and `dV = P^T dO`.
pub(crate) fn naive_dkdv(args: gradients::Cpu<'_>) {
    let gradients::Cpu { q, d_out, state, scratch, grads, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let (probabilities, d_scores) = scratch.split_at(p.all_heads() * p.rows * p.keys);
    let views = [(&p.dk, p.keys), (&p.dv, p.keys)];
    let [mut dk, mut dv] = carve(grads, &p, views);
    dk.par_iter_mut().zip(dv.par_iter_mut()).enumerate().for_each(|(at, (dk, dv))| {
        let (head, key) = (at / p.keys, at % p.keys);
        dk.fill(0.0);
        dv.fill(0.0);
        // Rows that do not see the key are left out: a weight of 0 does not silence infinity.
        for row in (0..p.rows).filter(|&row| p.sees(head, row, key)) {
            let here = (head * p.rows + row) * p.keys + key;
            let q = p.row(q, &p.q, head, row);
            let d_out = p.row(d_out, &p.out, head, row);
            dk.iter_mut().zip(q).for_each(|(o, q)| *o += p.scale * d_scores[here] * q);
            if tame(d_out) || !p.drops(head, row, key) {
                dv.iter_mut().zip(d_out).for_each(|(o, d)| *o += probabilities[here] * d);
            }
        }
    });
}

/// P and dP of the scratch buffer.
fn halves<'a>(p: &Pairs, scratch: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
    let n = p.all_heads() * p.rows * p.keys;
    let (a, b) = scratch.split_at_mut(n);
    (a, &mut b[..n])
}
