// GELU: out[i] = gelu(x[i]), four elements a thread.
//
// Idea: one 16-byte load and store instead of four of 4 bytes. A quarter of the memory instructions
// leaves four times as many bytes in flight for each: that is what hides the latency of memory.
// Cost: as naive, 16 FLOPs and 8 bytes an element. Expected gain: from about 80 % of a copy's speed
// to 90 %; nothing where naive is there already.
#include "gelu.cuh"
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;
};

extern "C" __global__ void __launch_bounds__(WG) gelu(const stored* x, stored* out, Params p) {
    size_t first = (size_t)blockIdx.x * WG + threadIdx.x, step = (size_t)gridDim.x * WG;
    for (size_t i = first; i < p.n / 4; i += step) {
        float4 v = load4(x + 4 * i);
        store4(out + 4 * i, make_float4(gelu_of(v.x), gelu_of(v.y), gelu_of(v.z), gelu_of(v.w)));
    }
    // The last one to three elements, if 4 does not divide n.
    size_t rest = p.n / 4 * 4 + first;
    if (rest < p.n) out[rest] = from_f32<stored>(gelu_of(to_f32(x[rest])));
}
