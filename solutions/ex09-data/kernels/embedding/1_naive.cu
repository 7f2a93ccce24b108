// Embedding: for every token the row of a table, plus the row of its place.
//
// Idea: a gather, one thread an element of the result. The rows lie anywhere, but neighboring threads
// copy neighboring elements of one row, so that the reads are coalesced all the same.
// Cost: one addition and 12 bytes an element: bound by memory.
// Gain: this is the only rung; there is nothing here that could be computed faster than it is read.
//
//   out[i][c] = tokens[ids[i]][c] + positions[start + i % rows][c]
#include "step_state.cuh"

#ifndef POSITIONS
#define POSITIONS 0  // 1: there is a table of positions
#endif
#ifndef STATE
#define STATE 0      // 1: the sequences start at state->position (decoding), not at 0
#endif

struct Params {
    unsigned n;        // tokens: all sequences of the batch, one after the other
    unsigned rows;     // tokens of one sequence
    unsigned width;    // elements of a row of either table
    unsigned vocab;    // rows of the token table
    unsigned context;  // rows of the position table
};

extern "C" __global__ void embedding(
    const unsigned* ids, const float* tokens, const float* positions,
    const StepState* state, float* out, Params p
) {
    unsigned start = STATE ? state->position : 0u;
    const float nan = __uint_as_float(0x7fc00000u);
    size_t elements = (size_t)p.n * p.width;
    for (size_t e = blockIdx.x * (size_t)blockDim.x + threadIdx.x; e < elements; e += gridDim.x * (size_t)blockDim.x) {
        float y = nan;
        // exercise: begin, about 7 lines: Whose element is e, and where does it come from? An id or a
        //   place outside its table reads nothing and leaves NaN: that shows in the loss.
        unsigned i = (unsigned)(e / p.width), c = (unsigned)(e % p.width);
        unsigned id = ids[i], place = start + i % p.rows;
        if (id < p.vocab && (!POSITIONS || place < p.context)) {
            y = tokens[(size_t)id * p.width + c];
            if (POSITIONS) y += positions[(size_t)place * p.width + c];
        }
        // exercise: end
        out[e] = y;
    }
}
