// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: a block for each row with the sum in registers, as in layernorm/2_block. The normalization
// needs no read of its own: it works on the sum before that has left the chip.
// Cost: 10 FLOPs and 16 bytes an element (8 in 16 bits), where two kernels move 20 (10). Expected
// gain over them: a fifth, and a launch; over naive: ten times and more.
#include "reduce.cuh"
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef PER
#define PER 4
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float eps;
};

extern "C" __global__ void __launch_bounds__(WG)
    residual_layernorm(const stored* x, const stored* residual, const float* gamma,
                       const float* beta, stored* sum, stored* out, float* mean_out,
                       float* rstd_out, Params p) {
    unsigned lane = threadIdx.x;
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        size_t start = (size_t)row * p.width;
        // region: sum
        float first = to_f32(x[start]) + to_f32(residual[start]);
        float v[PER], total = 0.0f, squares = 0.0f;
#pragma unroll
        for (unsigned k = 0; k < PER; k++) {
            unsigned j = lane + k * WG;
            v[k] = 0.0f;
            if (j < p.width) {
                float both = to_f32(x[start + j]) + to_f32(residual[start + j]);
                sum[start + j] = from_f32<stored>(both);
                v[k] = both - first;
            }
            total += v[k];
        }
        float mean = block_sum(total) / p.width;
        // end: sum
#pragma unroll
        for (unsigned k = 0; k < PER; k++) {
            float deviation = lane + k * WG < p.width ? v[k] - mean : 0.0f;
            squares += deviation * deviation;
        }
        float rstd = 1.0f / sqrtf(block_sum(squares) / p.width + p.eps);
#pragma unroll
        for (unsigned k = 0; k < PER; k++) {
            unsigned j = lane + k * WG;
            if (j < p.width) {
                out[start + j] = from_f32<stored>((v[k] - mean) * rstd * gamma[j] + beta[j]);
            }
        }
        if (lane == 0) {
            mean_out[row] = first + mean;
            rstd_out[row] = rstd;
        }
    }
}
