//! Learning-rate schedules. Steps count from 0.

use std::f64::consts::PI;

/// Linear warm-up: a fraction `(step + 1) / warmup` of the peak, which step `warmup - 1` reaches.
fn warm_up(step: u64, warmup: u64) -> Option<f64> {
    (step < warmup).then(|| (step + 1) as f64 / warmup as f64)
}

/// Warm-up, then half a cosine from `peak` down to `floor` at step `total`, then `floor`.
pub fn cosine(step: u64, warmup: u64, total: u64, peak: f64, floor: f64) -> f64 {
    if let Some(fraction) = warm_up(step, warmup) {
        return peak * fraction;
    }
    if step >= total {
        return floor;
    }
    let progress = (step - warmup) as f64 / (total - warmup) as f64;
    floor + 0.5 * (1.0 + (PI * progress).cos()) * (peak - floor)
}

/// Warm-up, stable, decay: `peak` after the warm-up, and a straight line down to `floor` over the
/// last `decay` steps before step `total`, then `floor`.
pub fn wsd(step: u64, warmup: u64, decay: u64, total: u64, peak: f64, floor: f64) -> f64 {
    if let Some(fraction) = warm_up(step, warmup) {
        return peak * fraction;
    }
    let left = total.saturating_sub(step);
    if left >= decay && step < total {
        return peak;
    }
    if step >= total { floor } else { floor + (peak - floor) * left as f64 / decay as f64 }
}
