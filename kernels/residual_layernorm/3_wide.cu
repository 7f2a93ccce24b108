// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: a block for each row, as in layernorm/3_wide; the first walk writes the sum, and the two that
// follow read it. Each thread reads what it wrote itself, so nothing has to wait.
// Cost: 11 FLOPs an element, and 16 bytes where the cache holds the row, 24 where it does not. Expected
// gain over naive: ten times and more.
#include "reduce.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float eps;
};

extern "C" __global__ void __launch_bounds__(WG)
    residual_layernorm(const float* x, const float* residual, const float* gamma, const float* beta,
                       float* sum, float* out, float* mean_out, float* rstd_out, Params p) {
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        size_t start = (size_t)row * p.width;
        float first = x[start] + residual[start], total = 0.0f, squares = 0.0f;
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            float v = x[start + j] + residual[start + j];
            sum[start + j] = v;
            total += v - first;
        }
        float mean = block_sum(total) / p.width;  // less the first
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            float deviation = sum[start + j] - first - mean;
            squares += deviation * deviation;
        }
        float rstd = 1.0f / sqrtf(block_sum(squares) / p.width + p.eps);
        for (unsigned j = threadIdx.x; j < p.width; j += WG) {
            out[start + j] = (sum[start + j] - first - mean) * rstd * gamma[j] + beta[j];
        }
        if (threadIdx.x == 0) {
            mean_out[row] = first + mean;
            rstd_out[row] = rstd;
        }
    }
}
