// GELU: out[i] = gelu(x[i]), four elements a thread.
//
// Idea: one 16-byte load and store instead of four of 4 bytes. A quarter of the memory instructions
// leaves four times as many bytes in flight for each: that is what hides the latency of memory.
// n need not be a multiple of four. What lies behind the last element belongs to somebody else.
// Cost: as naive, 16 FLOPs and 8 bytes an element. Expected gain: from about 80 % of a copy's speed
// to 90 %; nothing where naive is there already.
#include "gelu.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;
};

extern "C" __global__ void __launch_bounds__(WG) gelu(const float* x, float* out, Params p) {
    const float4* from = (const float4*)x;
    float4* to = (float4*)out;
    // The launch brings one thread for each four elements, rounded up, and at most 65,535 blocks.
    size_t first = (size_t)blockIdx.x * WG + threadIdx.x, step = (size_t)gridDim.x * WG;
    // TODO, about 6 lines: Whole fours through from and to, in steps of the grid; then
    //   the last one to three elements, if there are any, through x and out.
}
