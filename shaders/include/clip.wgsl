// Clipping by the global norm (Pascanu, Mikolov and Bengio, 2013), with PyTorch's small constant.
//
// A norm that is not a number must not be clipped away: min(1, NaN) may be 1, the comparison below
// keeps the NaN.

// What a gradient of this norm is multiplied with so that its norm is at most `max_norm`.
fn clip_factor(norm: f32, max_norm: f32) -> f32 {
    let factor = max_norm / (norm + 1e-6);
    return select(factor, 1.0, factor >= 1.0);
}
