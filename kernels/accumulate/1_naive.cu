// out += alpha * x, in place.
//
// Idea: one thread an element, in a grid-stride loop.
// Either side may be stored in 16 bits, or both: the sum is f32, and rounded once.
// Cost: 2 FLOPs and 12 bytes an element (two reads, one write): far below the card's balance, so
// bandwidth decides.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;
    float alpha;
};

extern "C" __global__ void __launch_bounds__(WG) accumulate(const stored* x, result* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        out[i] = from_f32<result>(p.alpha * to_f32(x[i]) + to_f32(out[i]));
    }
}
