// Cross-entropy of each row: lse = logsumexp(logits), loss = lse - logits[target].
//
// Idea: one thread a row, two walks along it: the maximum, the sum.
// Cost: 13 FLOPs an element; 4 bytes (2 in 16 bits) if the row stayed in cache, in truth far more,
// since the threads of a warp read elements that lie a row apart.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float invalid;  // NaN: the loss of a target beyond the vocabulary
};

extern "C" __global__ void __launch_bounds__(WG)
    cross_entropy(const stored* logits, const unsigned* targets, float* lse, float* losses,
                  Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        const stored* x = logits + (size_t)row * p.width;
        // region: walks
        float largest = -3.402823466e38f, sum = 0.0f;
        for (unsigned j = 0; j < p.width; j++) {
            float v = to_f32(x[j]);
            largest = v > largest || v != v ? v : largest;  // fmaxf would drop NaN
        }
        for (unsigned j = 0; j < p.width; j++) sum += expf(to_f32(x[j]) - largest);
        float log_sum = logf(sum);
        unsigned target = targets[row];
        lse[row] = largest + log_sum;
        // Not lse - x[target]: beside scores of a million that keeps no digits of log_sum.
        losses[row] = target == 0xffffffffu ? 0.0f  // not scored
                      : target < p.width    ? log_sum + (largest - to_f32(x[target]))
                                            : p.invalid;
        // end: walks
    }
}
