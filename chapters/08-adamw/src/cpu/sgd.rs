use super::{CHUNK, clip_factor, step_state};
use rayon::prelude::*;
use strata_device::CpuArgs;

/// Params: n, decayed, momentum, weight decay, largest norm. Constants: CLIP, MOMENTUM.
pub(crate) fn sgd(mut args: CpuArgs) {
    let [mut values, grads, mut velocity, state, norm] = args.take();
    let (n, decayed, momentum, decay) = (args.size(0), args.size(1), args.float(2), args.float(3));
    // As in AdamW: a gradient with a NaN changes nothing.
    if !norm.f32()[0].is_finite() {
        return;
    }
    let lr = step_state(&state).lr;
    let clip = clip_factor(&args, &norm, args.float(4));
    let pairs = values.f32_mut()[..n]
        .par_chunks_mut(CHUNK)
        .zip(grads.f32()[..n].par_chunks(CHUNK))
        .enumerate();
    let decay_at = |i: usize| if i < decayed { decay } else { 0.0 };
    if args.constant("MOMENTUM", 0) == 0 {
        pairs.for_each(|(c, (p, g))| {
            for (j, (p, &g)) in p.iter_mut().zip(g).enumerate() {
                *p -= lr * (g * clip + decay_at(c * CHUNK + j) * *p);
            }
        });
        return;
    }
    pairs.zip(velocity.f32_mut()[..n].par_chunks_mut(CHUNK)).for_each(|((c, (p, g)), u)| {
        for (j, ((p, &g), u)) in p.iter_mut().zip(g).zip(u).enumerate() {
            // region: loop
            *u = momentum * *u + (g * clip + decay_at(c * CHUNK + j) * *p);
            *p -= lr * *u;
            // end: loop
        }
    });
}
