// LayerNorm: out = (x - mean) rstd gamma + beta for each row, rstd = 1 / sqrt(var + eps).
//
// Idea: a block for each row, as in layernorm/2_block, for rows that do not fit its registers. It
// walks along the row three times, for the mean, the variance and the output, and the second and
// third time finds in cache what the cache could hold.
// Cost: 10 FLOPs an element, and 8 bytes where the cache holds the row, 16 where it does not. Expected
// gain over naive: ten times and more; over 2_block none, which cannot take such rows.
#include "reduce.cuh"
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
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        const stored* in = x + (size_t)row * p.width;
        stored* to = out + (size_t)row * p.width;
        // region: row
        float first = to_f32(in[0]), total = 0.0f, squares = 0.0f;
        for (unsigned j = threadIdx.x; j < p.width; j += WG) total += to_f32(in[j]) - first;
        float mean = block_sum(total) / p.width;  // less the first
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            float deviation = to_f32(in[j]) - first - mean;
            squares += deviation * deviation;
        }
        float rstd = 1.0f / sqrtf(block_sum(squares) / p.width + p.eps);
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            float normal = (to_f32(in[j]) - first - mean) * rstd;
            to[j] = from_f32<stored>(normal * gamma[j] + beta[j]);
        }
        // end: row
        if (threadIdx.x == 0) {
            mean_out[row] = first + mean;
            rstd_out[row] = rstd;
        }
    }
}
