// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: one thread a row, as in layernorm/1_naive; the first walk writes the sum.
// Cost: 10 FLOPs and at least 16 bytes an element: two reads, two writes. A separate addition and
// normalization move 20, and need one launch more.

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
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        size_t start = (size_t)row * p.width;
        float first = x[start] + residual[start], mean = 0.0f, var = 0.0f;
        for (unsigned j = 0; j < p.width; j++) {
            float v = x[start + j] + residual[start + j];
            sum[start + j] = v;
            mean += v - first;
        }
        mean /= p.width;  // less the first
        for (unsigned j = 0; j < p.width; j++) {
            float deviation = sum[start + j] - first - mean;
            var += deviation * deviation;
        }
        float rstd = 1.0f / sqrtf(var / p.width + p.eps);
        for (unsigned j = 0; j < p.width; j++) {
            out[start + j] = (sum[start + j] - first - mean) * rstd * gamma[j] + beta[j];
        }
        mean_out[row] = first + mean;
        rstd_out[row] = rstd;
    }
}
