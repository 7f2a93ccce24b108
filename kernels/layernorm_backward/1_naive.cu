// LayerNorm backward, the input's gradient. With xhat = (x - mean) rstd and g = dy gamma:
//
//   dx = rstd (g - mean(g) - xhat mean(g xhat))
//
// Idea: one thread a row, two walks: the two means, then dx. gamma's and beta's gradients are another
// kernel, layernorm_parameters/1_naive.
// Cost: 14 FLOPs and at least 12 bytes an element, read as badly as in layernorm/1_naive.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
};

extern "C" __global__ void __launch_bounds__(WG)
    layernorm_backward(const stored* x, const float* gamma, const float* mean, const float* rstd,
                       const stored* dy, stored* dx, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        size_t start = (size_t)row * p.width;
        // region: row
        float m = mean[row], r = rstd[row], sum_g = 0.0f, sum_gx = 0.0f;
        for (unsigned j = 0; j < p.width; j++) {
            float g = to_f32(dy[start + j]) * gamma[j];
            sum_g += g;
            sum_gx += g * (to_f32(x[start + j]) - m) * r;
        }
        float mean_g = sum_g / p.width, mean_gx = sum_gx / p.width;
        for (unsigned j = 0; j < p.width; j++) {
            float xhat = (to_f32(x[start + j]) - m) * r, g = to_f32(dy[start + j]) * gamma[j];
            dx[start + j] = from_f32<stored>(r * (g - mean_g - xhat * mean_gx));
        }
        // end: row
    }
}
