use super::left_out::tame;
use super::pairs::Pairs;
use super::rows::carve;
use crate::forward::attend;
use rayon::prelude::*;

/// `S = scale Q K^T`, -inf where a query may not look.
pub(crate) fn scores(args: attend::Cpu<'_>) {
    let attend::Cpu { q, k, state, probabilities: scores, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let scores = &mut scores[..p.all_heads() * p.rows * p.keys];
    scores.par_chunks_mut(p.keys).enumerate().for_each(|(at, scores)| {
        let (head, row) = (at / p.rows, at % p.rows);
        let seen = p.visible(row);
        // region: score
        let q = p.row(q, &p.q, head, row);
        for (key, score) in scores[..seen].iter_mut().enumerate() {
            let k = p.row(k, &p.k, head, key);
            *score = p.scale * q.iter().zip(k).map(|(q, k)| q * k).sum::<f32>();
        }
        scores[seen..].fill(f32::NEG_INFINITY);
        p.cover(head, 0, &mut scores[..seen], f32::NEG_INFINITY);
        // end: score
    });
}

/// `P = softmax(S)` in place, with dropout applied, and `lse = logsumexp(S)`.
pub(crate) fn softmax(args: attend::Cpu<'_>) {
    let attend::Cpu { state, probabilities, lse, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let probabilities = &mut probabilities[..p.all_heads() * p.rows * p.keys];
    let lse = &mut lse[..p.all_heads() * p.rows];
    let rows = probabilities.par_chunks_mut(p.keys).zip(lse).enumerate();
    rows.for_each(|(at, (row, lse))| {
        if p.blank(at / p.rows, at % p.rows) {
            *lse = f32::NEG_INFINITY;
            return row.fill(0.0);
        }
        let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        row.iter_mut().for_each(|x| *x = (*x - max).exp());
        let sum = row.iter().sum::<f32>();
        row.iter_mut().for_each(|x| *x /= sum);
        *lse = max + sum.ln();
        if let Some(dropout) = &p.dropout {
            let mut mask = vec![0.0; row.len()];
            dropout.mask(at / p.rows, at % p.rows, 0, &mut mask);
            row.iter_mut().zip(&mask).for_each(|(x, m)| *x *= m);
        }
    });
}

/// `out = P V`.
pub(crate) fn weighted_sum(args: attend::Cpu<'_>) {
    let attend::Cpu { v, state, probabilities, out, params, constants, .. } = args;
    let p = Pairs::new(params, constants, state);
    let [mut rows] = carve(out, &p, [(&p.out, p.rows)]);
    rows.par_iter_mut().zip(probabilities.par_chunks(p.keys)).enumerate().for_each(
        |(at, (out, weights))| {
            let (head, row) = (at / p.rows, at % p.rows);
            out.fill(0.0);
            for (key, weight) in weights[..p.visible(row)].iter().enumerate() {
                let v = p.row(v, &p.v, head, key);
                // A masked or dropped key has the weight 0, which does not silence infinity.
                let silent = *weight == 0.0 && !tame(v);
                if silent && (!p.unmasked(head, key) || p.drops(head, row, key)) {
                    continue;
                }
                out.iter_mut().zip(v).for_each(|(o, v)| *o += weight * v);
            }
        },
    );
}
