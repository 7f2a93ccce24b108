use super::{CHUNK, cast_shadow, clip_factor};
use crate::sgd::descend;
use rayon::prelude::*;

pub(crate) fn sgd(args: descend::Cpu<'_>) {
    let descend::Cpu { values, grads, velocity, state, norm, shadow, params: p, constants } = args;
    let descend::Params { n, decayed, momentum, weight_decay, .. } = p;
    // As in AdamW: a gradient with a NaN changes nothing.
    if !norm[0].is_finite() {
        return;
    }
    let lr = state.lr;
    let clip = clip_factor(constants, norm[0], p.max_norm);
    let pairs = values[..n].par_chunks_mut(CHUNK).zip(grads[..n].par_chunks(CHUNK)).enumerate();
    let decay_at = |i: usize| if i < decayed { weight_decay } else { 0.0 };
    if constants.get("MOMENTUM", 0) == 0 {
        pairs.for_each(|(c, (p, g))| {
            for (j, (p, &g)) in p.iter_mut().zip(g).enumerate() {
                *p -= lr * (g * clip + decay_at(c * CHUNK + j) * *p);
            }
        });
        return cast_shadow(constants, &values[..n], shadow);
    }
    pairs.zip(velocity[..n].par_chunks_mut(CHUNK)).for_each(|((c, (p, g)), u)| {
        for (j, ((p, &g), u)) in p.iter_mut().zip(g).zip(u).enumerate() {
            // region: loop
            *u = momentum * *u + (g * clip + decay_at(c * CHUNK + j) * *p);
            *p -= lr * *u;
            // end: loop
        }
    });
    cast_shadow(constants, &values[..n], shadow);
}
