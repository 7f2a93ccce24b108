// Clipping by the global norm (Pascanu, Mikolov and Bengio, 2013), with PyTorch's small constant.
//
// A norm that is not finite is not clipped away: the step is left out, so that the weights from
// before it are still there when the host reads the norm and looks for the cause.
#pragma once

// Neither NaN nor infinite. By its bits, since compilers may assume that NaN does not occur.
__device__ __forceinline__ bool is_finite(float x) {
    return (__float_as_uint(x) & 0x7f800000u) != 0x7f800000u;
}

// What a gradient of this norm is multiplied with so that its norm is at most `max_norm`.
__device__ __forceinline__ float clip_factor(float norm, float max_norm) {
    float factor = max_norm / (norm + 1e-6f);
    return factor >= 1.0f ? 1.0f : factor;
}
