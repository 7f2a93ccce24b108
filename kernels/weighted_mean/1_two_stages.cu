// The weighted mean of the rows' losses, and one over the sum of their weights: what is kept of a row
// (smoothed_cross_entropy) has its weight in the third place, 0 where the row is not scored.
//
// Idea: two launches, as in mean_of_scored: each block sums every parts-th group of 256 rows, one block
// adds the parts, in an order that the number of rows fixes. Weights of 0 in all are no loss and no
// gradient; a loss that is not a number stays one.
// Cost: 20 bytes a row, of which a line's rest goes unused. It is the launches that take the time.
#include "reduce.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned count;  // rows, or parts
};

extern "C" __global__ void __launch_bounds__(WG)
    parts(const float* losses, const float* kept, float* sums, Params p) {
    float sum = 0.0f, weights = 0.0f;
    for (unsigned i = blockIdx.x * WG + threadIdx.x; i < p.count; i += gridDim.x * WG) {
        sum += losses[i];
        weights += kept[4 * (size_t)i + 2];
    }
    sum = block_sum(sum);
    weights = block_sum(weights);
    if (threadIdx.x == 0) {
        sums[2 * blockIdx.x] = sum;
        sums[2 * blockIdx.x + 1] = weights;
    }
}

extern "C" __global__ void __launch_bounds__(WG)
    total(const float* partial_sums, float* mean, float* weight, Params p) {
    float sum = 0.0f, weights = 0.0f;
    for (unsigned i = threadIdx.x; i < p.count; i += WG) {
        sum += partial_sums[2 * i];
        weights += partial_sums[2 * i + 1];
    }
    sum = block_sum(sum);
    weights = block_sum(weights);
    if (threadIdx.x == 0) {
        // region: none
        bool none = weights == 0.0f;
        mean[0] = !none ? sum / weights : sum != sum ? sum : 0.0f;
        weight[0] = none ? 0.0f : 1.0f / weights;
        // end: none
    }
}
