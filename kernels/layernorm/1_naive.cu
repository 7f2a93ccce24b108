// LayerNorm: out = (x - mean) rstd gamma + beta for each row, rstd = 1 / sqrt(var + eps).
//
// Idea: one thread a row, three walks along it: the mean, the variance, the output.
// Sums are of what lies between a number and the row's first: what all have in common would cost them
// their last digits, and in a long row of large numbers the first ones too.
// Cost: 9 FLOPs an element, and 8 bytes (4 in 16 bits) if the row stayed in cache. It does not: the
// threads of a warp touch 32 elements that lie a row apart, so that each request takes 32 lines for
// 128 useful bytes. Most of the time goes into the third walk's writing: a line that was read
// serves the next 31 steps from cache, but a store is sent on at once, 4 bytes for a whole sector
// of 32. That access pattern, not the three walks, is what the next rung mends.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float eps;
};

extern "C" __global__ void __launch_bounds__(WG)
    layernorm(const stored* x, const float* gamma, const float* beta, stored* out, float* mean_out,
              float* rstd_out, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        const stored* in = x + (size_t)row * p.width;
        float first = to_f32(in[0]), mean = 0.0f, var = 0.0f;
        for (unsigned j = 0; j < p.width; j++) mean += to_f32(in[j]) - first;
        mean /= p.width;  // less the first
        for (unsigned j = 0; j < p.width; j++) {
            float deviation = to_f32(in[j]) - first - mean;
            var += deviation * deviation;
        }
        float rstd = 1.0f / sqrtf(var / p.width + p.eps);
        for (unsigned j = 0; j < p.width; j++) {
            float normal = (to_f32(in[j]) - first - mean) * rstd;
            out[(size_t)row * p.width + j] = from_f32<stored>(normal * gamma[j] + beta[j]);
        }
        mean_out[row] = first + mean;
        rstd_out[row] = rstd;
    }
}
