// Cross-entropy with smoothed labels and class weights, each row's loss: with s the smoothing, w the
// weights and nll(j) = log sum(e^(x - max)) + max - x[j], it is
//     (1 - s) w[target] nll(target) + s / width * sum_j w[j] nll(j)
//
// Idea: one thread a row, two walks along it: the maximum, then three sums. The gradient gets four
// numbers a row: the maximum, the logarithm of the sum, the target's weight, the sum of all weights.
// Cost: 17 FLOPs an element; 4 bytes (2 in 16 bits) and 4 more for the weights if row and weights
// stayed in cache, in truth far more, as in cross_entropy/1_naive. For rows too short for a block
// each.
#include "smoothed.cuh"
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

extern "C" __global__ void __launch_bounds__(WG)
    smoothed_cross_entropy(const stored* logits, const unsigned* targets, const float* classes,
                           float* kept, float* losses, Params p) {
    for (unsigned row = blockIdx.x * WG + threadIdx.x; row < p.rows; row += gridDim.x * WG) {
        const stored* x = logits + (size_t)row * p.width;
        // region: walks
        float largest = -3.402823466e38f, sum = 0.0f, below = 0.0f, weights = 0.0f;
        for (unsigned j = 0; j < p.width; j++) {
            float v = to_f32(x[j]);
            largest = v > largest || v != v ? v : largest;  // fmaxf would drop NaN
        }
        for (unsigned j = 0; j < p.width; j++) {
            float v = to_f32(x[j]), weight = WEIGHTED ? classes[j] : 1.0f;
            sum += expf(v - largest);
            below += weight * (largest - v);
            weights += weight;
        }
        // end: walks
        Walked walked = {largest, sum, below, weights};
        finish_row(p, row, walked, x, targets[row], classes, kept, losses);
    }
}
