// Clipping by the global norm (Pascanu, Mikolov and Bengio, 2013), with PyTorch's small constant.
//
// A norm that is not finite is not clipped away: the step is left out, so that the weights from
// before it are still there when the host reads the norm and looks for the cause.

// Neither NaN nor infinite. By its bits, since WGSL may assume that NaN does not occur.
fn is_finite(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// What a gradient of this norm is multiplied with so that its norm is at most `max_norm`.
fn clip_factor(norm: f32, max_norm: f32) -> f32 {
    let factor = max_norm / (norm + 1e-6);
    return select(factor, 1.0, factor >= 1.0);
}
