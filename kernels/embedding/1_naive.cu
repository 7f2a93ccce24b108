// Embedding, rung 1: one thread an element of the output.
//
// Idea: a gather. Neighboring threads copy neighboring elements of one row, so that the reads are
// coalesced although the rows lie anywhere; the row of the position is added on the way.
// Cost: one addition and 12 bytes an element (6 of tables and rows in 16 bits): bound by memory.
#include "step_state.cuh"
#include "stored.cuh"

#ifndef POSITIONS
#define POSITIONS 0
#endif
#ifndef STATE
#define STATE 0
#endif

struct Params {
    unsigned n;        // tokens
    unsigned rows;     // tokens of one sequence
    unsigned width;
    unsigned vocab;    // rows of the token table
    unsigned context;  // rows of the position table
};

extern "C" __global__ void embedding(
    const unsigned* ids, const stored* tokens, const stored* positions,
    const StepState* state, result* out, Params p
) {
    unsigned start = STATE ? state->position : 0u;
    size_t elements = (size_t)p.n * p.width;
    for (size_t e = blockIdx.x * (size_t)blockDim.x + threadIdx.x; e < elements; e += gridDim.x * (size_t)blockDim.x) {
        // region: gather
        unsigned i = (unsigned)(e / p.width), c = (unsigned)(e % p.width);
        unsigned id = ids[i];
        unsigned place = start + i % p.rows;
        float y;
        if (id >= p.vocab || (POSITIONS && place >= p.context)) {
            // Reads nothing outside the tables, and shows in the loss.
            y = __uint_as_float(0x7fc00000u);
        } else {
            y = to_f32(tokens[(size_t)id * p.width + c]);
            if (POSITIONS) y += to_f32(positions[(size_t)place * p.width + c]);
        }
        out[e] = from_f32<result>(y);
        // end: gather
    }
}
