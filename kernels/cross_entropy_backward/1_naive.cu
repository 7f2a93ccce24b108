// Cross-entropy backward: dlogits = (e^(logits - lse) - onehot(target)) weight dloss scale, and 0 in
// rows that are not scored.
//
// Idea: one thread an element, which finds its row by a division. `weight` is one over the number of
// scored rows, `dloss` the gradient of the mean loss; both are on the device, so that a recorded step
// can be replayed with other targets or another loss scale.
// Cost: 12 FLOPs and 8 bytes an element (4 in 16 bits): no probabilities are stored.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float scale;
    float invalid;  // NaN: the gradient of a row whose target lies beyond the vocabulary
};

extern "C" __global__ void __launch_bounds__(WG)
    cross_entropy_backward(const stored* logits, const unsigned* targets, const float* lse,
                           const float* weight, const float* dloss, stored* dlogits, Params p) {
    float factor = weight[0] * dloss[0] * p.scale;
    size_t n = (size_t)p.rows * p.width, step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < n; i += step) {
        // region: element
        unsigned row = (unsigned)i / p.width, j = (unsigned)i % p.width, target = targets[row];
        float probability = expf(to_f32(logits[i]) - lse[row]);
        float gradient = (probability - (j == target ? 1.0f : 0.0f)) * factor;
        float out = target == 0xffffffffu ? 0.0f : target < p.width ? gradient : p.invalid;
        dlogits[i] = from_f32<stored>(out);
        // end: element
    }
}
