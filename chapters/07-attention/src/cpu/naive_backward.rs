use super::left_out::{tame, through};
use super::params::Params;
use super::rows::carve;
use rayon::prelude::*;
use strata_device::CpuArgs;

/// `P = exp(S - lse)` and `dP = (dO V^T) * dropout`. Bindings of the four naive backward kernels:
/// q, k, v, d_out, lse, state, scratch (P, then dP; each `[batch, heads, rows, keys]`), grads.
pub(crate) fn probabilities(mut args: CpuArgs) {
    let [q, k, v, d_out, lse, state, mut scratch, _] = args.take();
    let p = Params::read(&args, state.u32());
    let (q, k, v, d_out, lse) = (q.f32(), k.f32(), v.f32(), d_out.f32(), lse.f32());
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    let (probabilities, gradients) = halves(&p, scratch.f32_mut());
    let rows = probabilities.par_chunks_mut(p.capacity).zip(gradients.par_chunks_mut(p.capacity));
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
            let mut mask = vec![0.0; p.capacity];
            dropout.mask(head, row, 0, &mut mask);
            gradient.iter_mut().zip(&mask).for_each(|(d, &m)| *d = through(*d, m));
        }
    });
}

/// `dS = P (dP - sum(P dP))` in place of dP; P is dropped out as forward had it.
pub(crate) fn softmax_backward(mut args: CpuArgs) {
    let [_, _, _, _, _, state, mut scratch, _] = args.take();
    let p = Params::read(&args, state.u32());
    let (probabilities, gradients) = halves(&p, scratch.f32_mut());
    let rows = probabilities.par_chunks_mut(p.capacity).zip(gradients.par_chunks_mut(p.capacity));
    rows.enumerate().for_each(|(at, (probability, gradient))| {
        let sum: f32 = probability.iter().zip(&*gradient).map(|(p, d)| p * d).sum();
        gradient.iter_mut().zip(&*probability).for_each(|(d, p)| *d = p * (*d - sum));
        if let Some(dropout) = &p.dropout {
            let mut mask = vec![0.0; p.capacity];
            dropout.mask(at / p.rows, at % p.rows, 0, &mut mask);
            probability.iter_mut().zip(&mask).for_each(|(p, &m)| *p = through(*p, m));
        }
    });
}

/// `dQ = scale dS K`.
pub(crate) fn naive_dq(mut args: CpuArgs) {
    let [_, k, _, _, _, state, scratch, mut grads] = args.take();
    let p = Params::read(&args, state.u32());
    let (k, d_scores) = (k.f32(), &scratch.f32()[p.all_heads() * p.rows * p.capacity..]);
    let [mut dq] = carve(grads.f32_mut(), &p, [(&p.dq, p.rows)]);
    dq.par_iter_mut().enumerate().for_each(|(at, dq)| {
        dq.fill(0.0);
        let (head, row) = (at / p.rows, at % p.rows);
        for (key, d) in d_scores[at * p.capacity..][..p.visible(row)].iter().enumerate() {
            if !p.unmasked(head, key) {
                continue;
            }
            let k = p.row(k, &p.k, head, key);
            dq.iter_mut().zip(k).for_each(|(o, k)| *o += p.scale * d * k);
        }
    });
}

/// `dK = scale dS^T Q` and `dV = P^T dO`.
pub(crate) fn naive_dkdv(mut args: CpuArgs) {
    let [q, _, _, d_out, _, state, scratch, mut grads] = args.take();
    let p = Params::read(&args, state.u32());
    let (q, d_out) = (q.f32(), d_out.f32());
    let (probabilities, d_scores) = scratch.f32().split_at(p.all_heads() * p.rows * p.capacity);
    let views = [(&p.dk, p.capacity), (&p.dv, p.capacity)];
    let [mut dk, mut dv] = carve(grads.f32_mut(), &p, views);
    dk.par_iter_mut().zip(dv.par_iter_mut()).enumerate().for_each(|(at, (dk, dv))| {
        let (head, key) = (at / p.capacity, at % p.capacity);
        dk.fill(0.0);
        dv.fill(0.0);
        // Rows that do not see the key are left out: a weight of 0 does not silence infinity.
        for row in (0..p.rows).filter(|&row| p.sees(head, row, key)) {
            let here = (head * p.rows + row) * p.capacity + key;
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
fn halves<'a>(p: &Params, scratch: &'a mut [f32]) -> (&'a mut [f32], &'a mut [f32]) {
    let n = p.all_heads() * p.rows * p.capacity;
    let (a, b) = scratch.split_at_mut(n);
    (a, &mut b[..n])
}
