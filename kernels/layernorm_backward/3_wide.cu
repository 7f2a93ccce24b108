// LayerNorm backward, the input's gradient. With xhat = (x - mean) rstd and g = dy gamma:
//
//   dx = rstd (g - mean(g) - xhat mean(g xhat))
//
// Idea: a block for each row, for rows that do not fit the registers of layernorm_backward/2_block. Two
// walks: the two means, then dx. There are enough columns to give each a thread of its own, so gamma's
// and beta's gradients are left to layernorm_parameters/1_naive.
// Cost: 14 FLOPs an element, and 12 bytes where the cache holds the row, 20 where it does not. Expected
// gain over naive: ten times and more.
#include "reduce.cuh"
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
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        size_t start = (size_t)row * p.width;
        // region: row
        float m = mean[row], r = rstd[row], sum_g = 0.0f, sum_gx = 0.0f;
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            float g = to_f32(dy[start + j]) * gamma[j];
            sum_g += g;
            sum_gx += g * (to_f32(x[start + j]) - m) * r;
        }
        float mean_g = block_sum(sum_g) / p.width, mean_gx = block_sum(sum_gx) / p.width;
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            float xhat = (to_f32(x[start + j]) - m) * r, g = to_f32(dy[start + j]) * gamma[j];
            dx[start + j] = from_f32<stored>(r * (g - mean_g - xhat * mean_gx));
        }
        // end: row
    }
}
