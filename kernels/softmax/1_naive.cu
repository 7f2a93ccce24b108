// Softmax of each row, or with LOG = 1 its logarithm.
//
// Idea: one thread a row, three walks along it: the maximum, the sum of e^(x - max), the output. The
// maximum changes nothing on paper; without it e^100 overflows.
// Cost: 25 FLOPs an element; 8 bytes (4 in 16 bits) if the row stayed in cache, in truth far more,
// since the threads of a warp read elements that lie a row apart.
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

extern "C" __global__ void __launch_bounds__(WG) softmax(const stored* x, stored* out, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        size_t start = (size_t)row * p.width;
        // Not minus infinity: a row may hold that, and -inf - -inf is not a number.
        float largest = -3.402823466e38f, sum = 0.0f;
        for (unsigned j = 0; j < p.width; j++) {
            float v = to_f32(x[start + j]);
            largest = v > largest || v != v ? v : largest;  // fmaxf would drop NaN
        }
        for (unsigned j = 0; j < p.width; j++) sum += expf(to_f32(x[start + j]) - largest);
        float log_sum = logf(sum);
        for (unsigned j = 0; j < p.width; j++) {
            float v = to_f32(x[start + j]) - largest;
            out[start + j] = from_f32<stored>(LOG ? v - log_sum : expf(v) / sum);
        }
    }
}
