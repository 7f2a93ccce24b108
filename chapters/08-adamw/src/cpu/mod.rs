//! The CPU bodies of chapter 8's kernels: the same params as their CUDA and WGSL twins.

mod adamw;
mod norm;
mod sgd;

pub(crate) use adamw::adamw;
pub(crate) use norm::{norm_finish, norm_partials};
pub(crate) use sgd::sgd;

use strata_device::Constants;

/// Elements of one parallel task: 64 KiB of each arena, so that its parts stay in a core's cache.
const CHUNK: usize = 1 << 14;

/// The shadow, where there is one: rounded when the body is done.
fn cast_shadow(constants: Constants<'_>, values: &[f32], shadow: &mut [f32]) {
    if constants.get("SHADOW", 0) == 1 {
        shadow[..values.len()].copy_from_slice(values);
    }
}

/// `min(1, max_norm / (norm + 1e-6))`, where a norm that is not a number stays visible.
fn clip_factor(constants: Constants<'_>, norm: f32, max_norm: f32) -> f32 {
    if constants.get("CLIP", 0) == 0 {
        return 1.0;
    }
    let factor = max_norm / (norm + 1e-6);
    if factor >= 1.0 { 1.0 } else { factor }
}
