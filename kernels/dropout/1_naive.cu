// Dropout, rung 1: one thread for four elements, because one call of Philox gives four numbers.
//
// Idea: the mask is a pure function of (seed, step, op, index). Nothing is stored for backward: it
// draws the same numbers again, which costs less than reading a mask would.
// Cost: some 100 integer instructions for four elements, and 8 bytes an element (12 with a residual;
// half of it in 16 bits): about balanced on a large card.
#include "philox.cuh"
#include "step_state.cuh"
#include "stored.cuh"

#ifndef RESIDUAL
#define RESIDUAL 0
#endif

struct Params {
    unsigned n;          // elements
    unsigned op;         // which dropout of the model
    unsigned threshold;  // 24-bit numbers from here on stay: p as a fraction of 2^24
    float scale;         // 1 / (1 - p)
};

extern "C" __global__ void dropout(
    const stored* x, const stored* residual, const StepState* state, stored* out, Params p
) {
    uint2 key = make_uint2(state->seed, 0u);
    unsigned step = state->step;
    unsigned fours = p.n / 4 + (p.n % 4 != 0);
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < fours; i += gridDim.x * (size_t)blockDim.x) {
        // region: draw
        uint4 r = philox(make_uint4((unsigned)i, p.op, step, 0u), key);
        unsigned words[4] = {r.x, r.y, r.z, r.w};
#pragma unroll
        for (int j = 0; j < 4; j++) {
            size_t e = 4 * i + j;
            if (e < p.n) {
                float y = words[j] >> 8 >= p.threshold ? to_f32(x[e]) * p.scale : 0.0f;
                out[e] = from_f32<stored>(RESIDUAL ? y + to_f32(residual[e]) : y);
            }
        }
        // end: draw
    }
}
