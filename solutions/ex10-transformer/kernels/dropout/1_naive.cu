// Dropout: each element of x is zeroed with probability p, the others are multiplied by 1 / (1 - p);
// the residual, if there is one, is added to the result.
//
// Idea: the mask is a pure function of (seed, step, op, index). Nothing is stored for backward: it
// draws the same numbers again, which costs less than reading a mask would. One call of Philox gives
// four words, so a thread takes four neighbors: element e has word e % 4 of the call with counter
// (e / 4, op, step, 0). It stays if the upper 24 bits of the word are at least the threshold.
// Cost: some 100 integer instructions for four elements, and 8 bytes an element (12 with a residual):
// about balanced on a large card. Expected gain over one call an element: four times fewer of those
// instructions.
#include "philox.cuh"
#include "step_state.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef RESIDUAL
#define RESIDUAL 0  // 1: add it. Without it, x is bound in its place
#endif

struct Params {
    unsigned n;          // elements
    unsigned op;         // which dropout of the model
    unsigned threshold;  // words whose upper 24 bits are at least this stay: p * 2^24
    float scale;         // 1 / (1 - p)
};

extern "C" __global__ void __launch_bounds__(WG) dropout(
    const float* x, const float* residual, const StepState* state, float* out, Params p
) {
    uint2 key = make_uint2(state->seed, 0u);
    unsigned step = state->step;
    size_t grid = (size_t)gridDim.x * WG;
    // exercise: begin, about 11 lines: Walk over the fours of n in steps of the whole grid; the last may
    //   be short. philox(counter, key) gives the words .x .y .z .w of one four.
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; 4 * i < p.n; i += grid) {
        uint4 r = philox(make_uint4((unsigned)i, p.op, step, 0u), key);
        unsigned words[4] = {r.x, r.y, r.z, r.w};
#pragma unroll
        for (int j = 0; j < 4; j++) {
            size_t e = 4 * i + j;
            if (e >= p.n) break;
            float y = words[j] >> 8 >= p.threshold ? x[e] * p.scale : 0.0f;
            out[e] = RESIDUAL ? y + residual[e] : y;
        }
    }
    // exercise: end
}
