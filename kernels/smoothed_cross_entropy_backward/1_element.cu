// The gradient of cross-entropy with smoothed labels and class weights. With p the probabilities, s
// the smoothing, w the weights and W their sum:
//     dlogits[j] = ((1 - s) w[target] (p[j] - [j = target]) + s / width * (W p[j] - w[j])) * factor
// and 0 in rows that are not scored; factor = weight dloss scale.
//
// Idea: one thread an element, which finds its row by a division; p comes from the row's maximum and
// the logarithm of its sum, which are kept apart: added up, they lose digits where scores are large.
// Cost: 17 FLOPs and 8 bytes an element (4 in 16 bits), the weights from a cache: no probabilities
// are stored.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef WEIGHTED
#define WEIGHTED 1
#endif

struct Params {
    unsigned rows;
    unsigned width;
    float smoothing;
    float scale;
    float invalid;  // NaN: the gradient of a row whose target lies beyond the vocabulary
};

extern "C" __global__ void __launch_bounds__(WG)
    smoothed_cross_entropy_backward(const stored* logits, const unsigned* targets,
                                    const float* classes, const float* kept, const float* weight,
                                    const float* dloss, stored* dlogits, Params p) {
    float factor = weight[0] * dloss[0] * p.scale, share = p.smoothing / (float)p.width;
    size_t n = (size_t)p.rows * p.width, step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < n; i += step) {
        // region: element
        unsigned row = (unsigned)i / p.width, j = (unsigned)i % p.width, target = targets[row];
        const float* of_row = kept + 4 * (size_t)row;
        float probability = expf((to_f32(logits[i]) - of_row[0]) - of_row[1]);
        float hard = probability - (j == target ? 1.0f : 0.0f);
        float soft = of_row[3] * probability - (WEIGHTED ? classes[j] : 1.0f);
        float gradient = ((1.0f - p.smoothing) * of_row[2] * hard + share * soft) * factor;
        float out = target == 0xffffffffu ? 0.0f : target < p.width ? gradient : p.invalid;
        dlogits[i] = from_f32<stored>(out);
        // end: element
    }
}
