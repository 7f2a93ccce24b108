// Keys or values of new rows, into the cache.
//
// Idea: the packed activation holds q, k and v of a row side by side; the cache holds each head's
// rows side by side, so that attention reads a head in one sweep. One thread moves one element. The
// position is read on the device, so that a recorded decoding step can be replayed for every token.
// Cost: no FLOPs, 8 bytes an element (one read, one write), 4 in 16 bits: nothing is rounded.
#include "step_state.cuh"
#include "stored.cuh"

struct Params {
    unsigned n, rows, heads, head_dim, positions, part;
};

extern "C" __global__ void kv_append(const stored* qkv, const StepState* state, stored* cache, Params p) {
    const unsigned width = p.heads * p.head_dim;
    for (unsigned i = blockIdx.x * blockDim.x + threadIdx.x; i < p.n; i += gridDim.x * blockDim.x) {
        // region: place
        const unsigned column = i % width, row = i / width;
        const unsigned batch = row / p.rows, place = state->position + row % p.rows;
        const unsigned head = column / p.head_dim, d = column % p.head_dim;
        if (place < p.positions) {
            cache[((batch * p.heads + head) * p.positions + place) * p.head_dim + d] =
                qkv[row * 3 * width + p.part * width + column];
        }
        // end: place
    }
}
