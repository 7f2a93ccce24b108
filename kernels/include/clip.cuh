// Clipping by the global norm (Pascanu, Mikolov and Bengio, 2013), with PyTorch's small constant.
//
// A norm that is not a number must not be clipped away: fminf(1, NaN) would be 1, the comparison
// below keeps the NaN.
#pragma once

// What a gradient of this norm is multiplied with so that its norm is at most `max_norm`.
__device__ __forceinline__ float clip_factor(float norm, float max_norm) {
    float factor = max_norm / (norm + 1e-6f);
    return factor >= 1.0f ? 1.0f : factor;
}
