// Keys or values of new rows, into the cache.
//
// Idea: a model that writes reads its own past again for every token. So keys and values are kept: a
// new token costs one row instead of the whole context. The projection gives the query, key and value
// of a row side by side: qkv is [batch, rows, 3, heads, head_dim]. Attention wants a head's rows side
// by side, to read them in one sweep: the cache is [batch, heads, positions, head_dim]. The position
// of the first new row is read on the device, so that one recorded step serves every token.
// Cost: no FLOPs, 8 bytes an element (one read, one write). Neighbors in a row stay neighbors, so
// reads and writes are as fast as a copy's.
#include "step_state.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned n;          // elements to move: batch * rows * heads * head_dim
    unsigned rows;       // new rows of each sequence
    unsigned heads;
    unsigned head_dim;
    unsigned positions;  // rows that the cache has room for
    unsigned part;       // 1: the keys of qkv, 2: its values
};

extern "C" __global__ void __launch_bounds__(WG)
kv_append(const float* qkv, const StepState* state, float* cache, Params p) {
    unsigned width = p.heads * p.head_dim;
    for (unsigned i = blockIdx.x * WG + threadIdx.x; i < p.n; i += gridDim.x * WG) {
        // Element i of [batch * rows, width]: its row, counted through the batch, and its column.
        unsigned row = i / width, column = i % width;
        // exercise: begin, about 7 lines: Where does it lie in qkv, and where shall it lie in the cache?
        //   Rows for which the cache has no room are dropped.
        unsigned batch = row / p.rows, place = state->position + row % p.rows;
        unsigned head = column / p.head_dim, d = column % p.head_dim;
        if (place < p.positions) {
            cache[((batch * p.heads + head) * p.positions + place) * p.head_dim + d] =
                qkv[(row * 3 + p.part) * width + column];
        }
        // exercise: end
    }
}
