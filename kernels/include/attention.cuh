// What all attention kernels share: where rows lie, which keys a query sees, dropout's mask.
//
// The same params as in shaders/include/attention.wgsl and chapters/07-attention/src/params.rs.
#pragma once
#include "philox.cuh"
#include "step_state.cuh"

#ifndef CAUSAL
#define CAUSAL 0
#endif
#ifndef DROPOUT
#define DROPOUT 0
#endif
#ifndef USE_POSITION
#define USE_POSITION 0
#endif

// A tensor [batch, heads, rows, dim]: offset of its first element, then the steps from one batch,
// one head and one row to the next. Queries, keys and values may be parts of one packed buffer.
struct View {
    unsigned offset, batch, head, row;
};

struct Params {
    View q, k, v, out;  // `out` is the output in forward, its gradient in backward
    unsigned batch, heads, rows, keys;
    unsigned dim;
    float scale;
    float p;             // probability of being dropped
    unsigned op;         // tells this op's random numbers from those of others
    View dq, dk, dv;     // written in backward, all in one buffer
};

// region: head
// The first element of a head; `bh` counts heads over all batches.
__device__ __forceinline__ unsigned head_at(View v, const Params& p, unsigned bh) {
    return v.offset + bh / p.heads * v.batch + bh % p.heads * v.head;
}
// end: head

// How many keys are valid: all, or with a cache as many as there are tokens so far.
__device__ __forceinline__ unsigned valid_keys(const Params& p, const StepState* state) {
#if USE_POSITION
    return min(p.keys, state->position + p.rows);
#else
    return p.keys;
#endif
}

// region: visible
// How many keys, from the first, a query sees. The queries are the last of the keys.
__device__ __forceinline__ unsigned visible(const Params& p, unsigned keys, unsigned row) {
#if CAUSAL
    return min(keys, keys - p.rows + row + 1);
#else
    return keys;
#endif
}
// end: visible

// Dropout's mask, 0 or 1 / (1 - p), for four keys of a row: j, j + 16, j + 32, j + 48, where j % 64
// is below 16. One draw gives four words, and those are the keys that one thread of a tile owns.
__device__ __forceinline__ float4 dropout_mask(const Params& p, const StepState* state, unsigned bh,
                                               unsigned row, unsigned j) {
    uint4 counter = make_uint4(j / 64 * 16 + j % 16, row, bh, p.op);
    uint4 word = philox(counter, make_uint2(state->seed, state->step));
    float kept = 1.0f / (1.0f - p.p);
    return make_float4(philox_uniform(word.x) >= p.p ? kept : 0.0f,
                       philox_uniform(word.y) >= p.p ? kept : 0.0f,
                       philox_uniform(word.z) >= p.p ? kept : 0.0f,
                       philox_uniform(word.w) >= p.p ? kept : 0.0f);
}

// The same for any one key.
__device__ __forceinline__ float dropout_mask_of(const Params& p, const StepState* state,
                                                 unsigned bh, unsigned row, unsigned key) {
    float4 mask = dropout_mask(p, state, bh, row, key / 64 * 64 + key % 16);
    unsigned word = key / 16 % 4;
    return word == 0 ? mask.x : word == 1 ? mask.y : word == 2 ? mask.z : mask.w;
}

// What dropout lets through of x: where it kept nothing, 0 even of infinity.
__device__ __forceinline__ float through(float x, float kept) {
    return kept == 0.0f ? 0.0f : x * kept;
}

// Whether x adds to a sum of this query and key. A dropped key has the weight 0; that leaves out all
// but infinity and NaN, so only for those the mask is drawn once more.
__device__ __forceinline__ bool adds(float x, const Params& p, const StepState* state, unsigned bh,
                                     unsigned row, unsigned key) {
    return !DROPOUT || isfinite(x) || dropout_mask_of(p, state, bh, row, key) > 0.0f;
}
