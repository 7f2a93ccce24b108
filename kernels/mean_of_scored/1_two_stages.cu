// The mean of the scored rows' losses, and one over their number.
//
// Idea: two launches. In `parts`, each block sums every parts-th group of 256 rows and counts the
// scored ones; in `total`, one block adds the parts. The order of both is fixed by the number of rows:
// the same bits every time, which atomic additions would not give.
// Cost: 8 bytes a row. It is the launches that take the time, some microseconds.
#include "reduce.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned count;  // rows, or parts
};

extern "C" __global__ void __launch_bounds__(WG)
    parts(const float* losses, const unsigned* targets, float* sums, Params p) {
    // region: parts
    float sum = 0.0f, scored = 0.0f;
    for (unsigned i = blockIdx.x * WG + threadIdx.x; i < p.count; i += gridDim.x * WG) {
        if (targets[i] != 0xffffffffu) {
            sum += losses[i];
            scored += 1.0f;
        }
    }
    sum = block_sum(sum);
    scored = block_sum(scored);
    if (threadIdx.x == 0) {
        sums[2 * blockIdx.x] = sum;
        sums[2 * blockIdx.x + 1] = scored;
    }
    // end: parts
}

extern "C" __global__ void __launch_bounds__(WG)
    total(const float* partial_sums, float* mean, float* weight, Params p) {
    float sum = 0.0f, scored = 0.0f;
    for (unsigned i = threadIdx.x; i < p.count; i += WG) {
        sum += partial_sums[2 * i];
        scored += partial_sums[2 * i + 1];
    }
    sum = block_sum(sum);
    scored = fmaxf(block_sum(scored), 1.0f);  // no row scored: a loss of 0
    if (threadIdx.x == 0) {
        mean[0] = sum / scored;
        weight[0] = 1.0f / scored;
    }
}
