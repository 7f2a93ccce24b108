// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: one thread a row, as in layernorm/1_naive; the first walk writes the sum.
// Cost: 10 FLOPs and at least 16 bytes an element: two reads, two writes (8 in 16 bits). A separate
// addition and normalization move 20, and need one launch more.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float eps;
};

// A sum once more: read if it was stored whole, added if it was rounded off.
__device__ __forceinline__ float again(const stored* x, const stored* residual, const stored* sum,
                                       size_t i) {
    return sizeof(stored) == sizeof(float) ? to_f32(sum[i]) : to_f32(x[i]) + to_f32(residual[i]);
}

extern "C" __global__ void __launch_bounds__(WG)
    residual_layernorm(const stored* x, const stored* residual, const float* gamma,
                       const float* beta, stored* sum, stored* out, float* mean_out,
                       float* rstd_out, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        size_t start = (size_t)row * p.width;
        float first = to_f32(x[start]) + to_f32(residual[start]), mean = 0.0f, var = 0.0f;
        for (unsigned j = 0; j < p.width; j++) {
            float v = to_f32(x[start + j]) + to_f32(residual[start + j]);
            sum[start + j] = from_f32<stored>(v);
            mean += v - first;
        }
        mean /= p.width;  // less the first
        for (unsigned j = 0; j < p.width; j++) {
            float deviation = again(x, residual, sum, start + j) - first - mean;
            var += deviation * deviation;
        }
        float rstd = 1.0f / sqrtf(var / p.width + p.eps);
        for (unsigned j = 0; j < p.width; j++) {
            float normal = (again(x, residual, sum, start + j) - first - mean) * rstd;
            out[start + j] = from_f32<stored>(normal * gamma[j] + beta[j]);
        }
        mean_out[row] = first + mean;
        rstd_out[row] = rstd;
    }
}
