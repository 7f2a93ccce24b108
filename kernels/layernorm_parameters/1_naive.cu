// LayerNorm backward, the parameters' gradients:
//
//   dgamma = sum over rows of dy xhat,   dbeta = sum over rows of dy,   xhat = (x - mean) rstd
//
// Idea: one thread a column, all the way down. Neighboring threads read neighboring columns, which
// is good; but a width of 384 employs 384 threads of a card that has two hundred thousand.
// Cost: 5 FLOPs and 8 bytes an element; x and dy are read a second time, after layernorm_backward.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    unsigned accumulate;  // 1: add to what is there
};

extern "C" __global__ void __launch_bounds__(WG)
    layernorm_parameters(const stored* x, const float* mean, const float* rstd, const stored* dy,
                         float* dgamma, float* dbeta, Params p) {
    for (unsigned j = blockIdx.x * WG + threadIdx.x; j < p.width; j += gridDim.x * WG) {
        // region: column
        float gain = 0.0f, bias = 0.0f;
        for (unsigned row = 0; row < p.rows; row++) {
            size_t i = (size_t)row * p.width + j;
            float up = to_f32(dy[i]);
            gain += up * ((to_f32(x[i]) - mean[row]) * rstd[row]);
            bias += up;
        }
        // end: column
        dgamma[j] = p.accumulate ? dgamma[j] + gain : gain;
        dbeta[j] = p.accumulate ? dbeta[j] + bias : bias;
    }
}
