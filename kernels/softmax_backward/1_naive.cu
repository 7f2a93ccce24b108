// Softmax backward, from the output: dx = y (dy - sum(dy y)). With LOG = 1, log-softmax backward:
// dx = dy - e^y sum(dy).
//
// Idea: one thread a row, two walks: the sum, then dx.
// Cost: 4 FLOPs (LOG: 13) and at least 12 bytes an element (6 in 16 bits), read as badly as in
// softmax/1_naive.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef LOG
#define LOG 0
#endif

struct Params {
    unsigned rows;
    unsigned width;
};

extern "C" __global__ void __launch_bounds__(WG)
    softmax_backward(const stored* y, const stored* dy, stored* dx, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        size_t start = (size_t)row * p.width;
        // region: walks
        float sum = 0.0f;
        for (size_t i = start; i < start + p.width; i++)
            sum += LOG ? to_f32(dy[i]) : to_f32(dy[i]) * to_f32(y[i]);
        for (size_t i = start; i < start + p.width; i++) {
            float value = LOG ? to_f32(dy[i]) - expf(to_f32(y[i])) * sum
                              : to_f32(y[i]) * (to_f32(dy[i]) - sum);
            dx[i] = from_f32<stored>(value);
        }
        // end: walks
    }
}
