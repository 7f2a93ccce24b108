use super::{CHUNK, cast_shadow, clip_factor};
use crate::adamw::update;
use rayon::prelude::*;

pub(crate) fn adamw(args: update::Cpu<'_>) {
    let update::Cpu { values, grads, m, v, state, norm, shadow, params: p, constants } = args;
    // A gradient with a NaN changes nothing: the host finds its cause in the weights as they were.
    if !norm[0].is_finite() {
        return;
    }
    // region: once
    let step = state.step.max(1) as f32;
    let correction = |ln_beta: f32| -(step * ln_beta).exp_m1();
    let rule = Rule {
        clip: clip_factor(constants, norm[0], p.max_norm),
        beta1: p.beta1,
        rest1: p.rest1,
        beta2: p.beta2,
        rest2: p.rest2,
        rate: state.lr / correction(p.ln_beta1),
        root: 1.0 / correction(p.ln_beta2).sqrt(),
        eps: p.eps,
    };
    let keep = 1.0 - state.lr * p.weight_decay;
    // end: once
    let (n, decayed) = (p.n, p.decayed);
    let moments = m[..n].par_chunks_mut(CHUNK).zip(v[..n].par_chunks_mut(CHUNK));
    values[..n]
        .par_chunks_mut(CHUNK)
        .zip(grads[..n].par_chunks(CHUNK))
        .zip(moments)
        .enumerate()
        .for_each(|(i, ((p, g), (m, v)))| {
            let split = decayed.saturating_sub(i * CHUNK).min(p.len());
            let (p0, p1) = p.split_at_mut(split);
            let (m0, m1) = m.split_at_mut(split);
            let (v0, v1) = v.split_at_mut(split);
            rule.apply(p0, &g[..split], m0, v0, keep);
            rule.apply(p1, &g[split..], m1, v1, 1.0);
        });
    cast_shadow(constants, &values[..n], shadow);
}

/// What is the same for all parameters of a step.
struct Rule {
    clip: f32,
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    /// lr / (1 - beta1^step)
    rate: f32,
    /// 1 / sqrt(1 - beta2^step)
    root: f32,
    eps: f32,
}

impl Rule {
    fn apply(&self, p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], keep: f32) {
        let Rule { clip, beta1, rest1, beta2, rest2, rate, root, eps } = *self;
        for (((p, &g), m), v) in p.iter_mut().zip(g).zip(m).zip(v) {
            // region: loop
            let g = g * clip;
            *m = beta1 * *m + rest1 * g;
            *v = beta2 * *v + rest2 * (g * g);
            *p = *p * keep - rate * (*m / (v.sqrt() * root + eps));
            // end: loop
        }
    }
}
