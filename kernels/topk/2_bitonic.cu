// Top k by sorting: the k largest elements of each row, the largest first, and where they stood.
//
// Idea: a bitonic sort (Batcher, 1968). Two sorted halves, one of them read backwards, are a row that
// first rises and then falls; comparing every element with the one half a row on leaves the smaller
// ones in front, and each half is such a row again. So blocks of 2, 4, 8, .. are sorted by turns up and
// down, log2(n) (log2(n) + 1) / 2 launches in all, each of which compares every element once and asks
// nothing of its neighbors. Rows are filled up to a power of two with what comes last of all.
// Cost: 16 bytes an element and launch. Expected gain over k passes: none for a few, everything for many:
// n log2(n)^2 / 2 instead of n k.

#include "rank.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    unsigned k;
    unsigned padded;    // the width, up to a power of two
    unsigned block;     // a sorted block after this stage
    unsigned distance;  // between the two that are compared
};

extern "C" __global__ void __launch_bounds__(WG)
    load(const unsigned* x, uint2* pairs, unsigned* values, unsigned* places, Params p) {
    size_t step = (size_t)gridDim.x * WG, n = (size_t)p.rows * p.padded;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < n; i += step) {
        unsigned at = i % p.padded;
        pairs[i] = make_uint2(at < p.width ? rank(x[i / p.padded * p.width + at]) : 0xffffffffu, at);
    }
}

// region: compare
extern "C" __global__ void __launch_bounds__(WG)
    compare(const unsigned* x, uint2* pairs, unsigned* values, unsigned* places, Params p) {
    size_t step = (size_t)gridDim.x * WG, n = (size_t)p.rows * p.padded / 2;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < n; i += step) {
        size_t low = i / p.distance * 2 * p.distance + i % p.distance;
        uint2 a = pairs[low], b = pairs[low + p.distance];
        bool rises = (low % p.padded & p.block) == 0;
        if (before(b, a) == rises) {
            pairs[low] = b;
            pairs[low + p.distance] = a;
        }
    }
}
// end: compare

extern "C" __global__ void __launch_bounds__(WG)
    store(const unsigned* x, uint2* pairs, unsigned* values, unsigned* places, Params p) {
    size_t step = (size_t)gridDim.x * WG, n = (size_t)p.rows * p.k;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < n; i += step) {
        size_t row = i / p.k;
        unsigned at = pairs[row * p.padded + i % p.k].y;
        values[i] = x[row * p.width + at];
        places[i] = at;
    }
}
