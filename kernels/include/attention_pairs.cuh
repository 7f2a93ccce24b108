// Sums over a tile of attention, pair by pair.
//
// A masked or dropped pair has the weight 0, and a product adds 0 times whatever stands there: nothing,
// unless that is infinity or NaN. Where a tile holds such a number its sums are taken here, and what
// does not count is left out.
#pragma once
#include "attention_mask.cuh"
#include "attention_tile.cuh"

// As add_weighted, but pairs that do not count are left out. `counts(row, j)` says so.
template <class Counts>
__device__ __forceinline__ void add_counted(float (&o)[R][N], const float* p, const float* b,
                                            unsigned tx, unsigned ty, Counts counts) {
#pragma unroll 1
    for (unsigned j = 0; j < TILE; j++) {
#pragma unroll
        for (unsigned r = 0; r < R; r++) {
            const bool on = counts(ty + 16 * r, j);
            const float x = p[(ty + 16 * r) * NARROW + j];
#pragma unroll
            for (unsigned n = 0; n < N; n++) o[r][n] += on ? x * b[j * WIDE + tx * N + n] : 0.0f;
        }
    }
}

// Which of the keys first + lane + 16 c the padding mask leaves, and all without one.
__device__ __forceinline__ void unmasked_of(bool (&open)[R], const Params& p, const StepState* state,
                                            unsigned bh, unsigned first, unsigned lane) {
#pragma unroll
    for (unsigned c = 0; c < R; c++)
        open[c] = unmasked(p, state, bh, min(first + lane + 16 * c, p.keys - 1));
}

// Whether a query sees a key and, with `drops`, dropout keeps it.
__device__ __forceinline__ bool counts_pair(const Params& p, const StepState* state, unsigned valid,
                                            unsigned bh, unsigned row, unsigned key, bool drops) {
    if (row >= p.rows || !sees(p, state, valid, bh, row, key)) return false;
    return !DROPOUT || !drops || dropout_mask_of(p, state, bh, row, key) > 0.0f;
}
