// Padding masks: keys that no query of their sequence sees, whatever stands there.
//
// WebGPU promises a kernel 8 buffers, and the backward kernels have 8. So the mask travels behind the
// step state: a word for each key of each sequence, not 0 where the key may be seen.
#pragma once
#include "attention.cuh"

// The bits of a word that count, 0 without a mask: all of an integer's, all but the sign of a float's,
// since -0 is 0.
#ifndef MASK
#define MASK 0
#endif

// region: unmasked
// Whether the mask leaves a key of the sequence that a head belongs to. The key is there.
__device__ __forceinline__ bool unmasked(const Params& p, const StepState* state, unsigned bh,
                                         unsigned key) {
#if MASK
    const unsigned* words = (const unsigned*)(state + 1);
    return (words[bh / p.heads * p.keys + key] & MASK) != 0;
#else
    return true;
#endif
}
// end: unmasked

// Whether a query sees a key, of those that are valid.
__device__ __forceinline__ bool sees(const Params& p, const StepState* state, unsigned valid,
                                     unsigned bh, unsigned row, unsigned key) {
    return key < visible(p, valid, row) && unmasked(p, state, bh, key);
}
