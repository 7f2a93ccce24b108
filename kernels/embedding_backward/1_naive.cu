// Gradient of the token table, rung 1: one block for a row of the table and 128 of its columns.
//
// Idea: many tokens name one row, and who adds first must not be left to chance: floats do not
// associate, and an atomic addition gives other bits on every run. So the row looks for its tokens:
// every thread walks over all ids in order, and adds its column of dy where the id is the block's row.
// Cost: n * width additions and 8 bytes for each, 6 where dy is stored in 16 bits (sums are f32); but
// also vocab * width / 128 walks over n ids, all served by the caches: at 16,384 tokens and 4,096 rows
// the walking is nearly all of the time.
#include "stored.cuh"

#ifndef WG
#define WG 128
#endif

struct Params {
    unsigned n;           // tokens
    unsigned width;
    unsigned vocab;       // rows of the table
    unsigned accumulate;  // add to what the table's gradient holds
};

extern "C" __global__ void embedding_backward(
    const unsigned* ids, const stored* dy, float* dtokens, Params p
) {
    unsigned c = blockIdx.y * WG + threadIdx.x;
    if (c >= p.width) return;
    for (unsigned row = blockIdx.x; row < p.vocab; row += gridDim.x) {
        float sum = 0.0f;
        bool named = false;
        // region: walk
        for (unsigned i = 0; i < p.n; i++) {
            if (ids[i] == row) {
                sum += to_f32(dy[(size_t)i * p.width + c]);
                named = true;
            }
        }
        // end: walk
        size_t e = (size_t)row * p.width + c;
        if (!p.accumulate) {
            dtokens[e] = sum;
        } else if (named) {
            dtokens[e] += sum;
        }
    }
}
