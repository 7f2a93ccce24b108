//! Learning-rate schedules: a step's number in, its learning rate out.
//!
//! Steps count from 0, as the engine's do, and a run has `total` of them. Both schedules climb the
//! same way: step 0 takes `peak / warmup`, step `warmup - 1` takes the peak. Both have arrived at the
//! floor at step `total`, the first after the run, and stay there for ever.
#![allow(unused, unreachable_code, clippy::all)]

use std::f64::consts::PI;

/// Warm-up, then half a cosine: `peak` at step `warmup`, `floor` at step `total`.
///
/// `warmup` is at most `total`, and may be 0.
pub fn cosine(step: u64, total: u64, warmup: u64, peak: f64, floor: f64) -> f64 {
    // TODO, about 8 lines: Climb, then glide down from the peak to the floor, then stay.
    todo!("the learning rate of this step")
}

/// Warm-up, stable, decay: `peak` up to and including step `total - decay`, then a straight line
/// down to `floor` at step `total`.
///
/// `warmup + decay` is at most `total`; both may be 0.
pub fn wsd(step: u64, total: u64, warmup: u64, decay: u64, peak: f64, floor: f64) -> f64 {
    // TODO, about 8 lines: Climb, hold the peak, come down in the last steps, then stay.
    todo!("the learning rate of this step")
}
