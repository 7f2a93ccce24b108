// Adds the parts of a product whose k was cut (4_register_tiled) and finishes it.
//
// Idea: one thread for each element of the result, as in 2_coalesced, but its terms are whole parts.
// Their order is fixed, so the bits are the same every time; atomic additions would leave it to chance.
// Cost: parts m n FLOPs, 4 (parts + 1) m n bytes: little beside the product itself.
#include "matmul.cuh"

#ifndef WG
#define WG 256
#endif

// `a` holds the parts, [parts, batches, m, n]; `span` says how many there are. `b` is not read.
extern "C" __global__ void __launch_bounds__(WG)
split_sum(const float* a, const float* b, const float* bias, const result* residual, result* c,
          result* activated, Params p) {
    unsigned total = p.batches * p.m * p.n;
    for (unsigned e = blockIdx.x * WG + threadIdx.x; e < total; e += gridDim.x * WG) {
        // region: parts
        float sum = 0.0f;
        for (unsigned part = 0; part < p.span; part++) sum += a[part * total + e];
        // end: parts
        finish(p, e / p.n / p.m, e / p.n % p.m, e % p.n, sum, bias, residual, c, activated);
    }
}
