// GELU backward: dx[i] = dy[i] gelu'(x[i]).
//
// Idea: one thread an element. The exponential is computed again: reading it back would cost as many
// bytes as reading x, and the arithmetic is free as long as memory decides.
// Cost: about 24 FLOPs and 12 bytes an element.
#include "gelu.cuh"
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;
};

extern "C" __global__ void __launch_bounds__(WG)
    gelu_backward(const stored* x, const stored* dy, stored* dx, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        dx[i] = from_f32<stored>(to_f32(dy[i]) * gelu_slope(to_f32(x[i])));
    }
}
