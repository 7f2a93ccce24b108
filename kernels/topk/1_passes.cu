// Top k: the k largest elements of each row, the largest first, and where they stood.
//
// Idea: a block a row, k passes over it. Every pass looks for the element that comes next after the one
// that was found last: each thread in its share of the row, then a tree. What counts is the rank, a
// number that grows as elements get smaller; of equals the one further in front comes first, and NaN
// comes before everything.
// Cost: k comparisons and, where the row stays in cache, 4 bytes an element. Good for a small k: the
// next token of a text.

#include "rank.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    unsigned k;
    unsigned first;  // this launch makes passes first .. first + count
    unsigned count;
};

extern "C" __global__ void __launch_bounds__(WG)
    topk(const unsigned* x, unsigned* values, unsigned* places, Params p) {
    // Ranks and places of what each thread has found.
    __shared__ uint2 found[WG];
    unsigned lane = threadIdx.x;
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        const unsigned* here = x + (size_t)row * p.width;
        uint2 last = make_uint2(0, 0);
        if (p.first > 0) {
            unsigned at = places[(size_t)row * p.k + p.first - 1];
            last = make_uint2(rank(here[at]), at);
        }
        for (unsigned turn = p.first; turn < p.first + p.count; turn++) {
            // region: pass
            uint2 best = make_uint2(0xffffffffu, 0xffffffffu);
            for (unsigned i = lane; i < p.width; i += WG) {
                uint2 one = make_uint2(rank(here[i]), i);
                if (before(one, best) && (turn == 0 || before(last, one))) best = one;
            }
            found[lane] = best;
            __syncthreads();
            for (unsigned half = WG / 2; half > 0; half /= 2) {
                if (lane < half && before(found[lane + half], found[lane])) found[lane] = found[lane + half];
                __syncthreads();
            }
            last = found[0];
            if (lane == 0) {
                values[(size_t)row * p.k + turn] = here[last.y];
                places[(size_t)row * p.k + turn] = last.y;
            }
            __syncthreads();  // the next pass writes the finds again
            // end: pass
        }
    }
}
