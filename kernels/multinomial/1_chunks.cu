// Multinomial: draws places of each row, each as often as its weight says, and puts them back.
//
// Idea: a number u between 0 and 1, times the sum of all weights, falls between two running sums: the
// place that lies there is drawn. Blocks of WG threads take WG draws of one row. First every thread adds
// up a piece of the row, then the sums of the pieces are added up in their order; each draw looks for
// its piece, and in it for its place. All machines add in this one order, so all of them draw the same.
// Cost: one walk over the row for WG draws, and WG + width / WG steps a draw.
// A row that is no distribution (a weight below 0, infinite or NaN; a sum of 0 or beyond f32) draws
// 0xffffffff, which no table has as a row.

#include "stored.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
    unsigned draws;  // of each row
    unsigned piece;  // ceil(width / WG)
};

// The first place whose running sum is above `goal`; where rounding leaves none, the last with a weight.
__device__ unsigned find(const stored* weights, const float* sums, const Params& p, float goal) {
    // region: find
    float running = 0.0f, below = 0.0f;
    unsigned piece = 0, place = 0;
    for (unsigned i = 0; i < WG; i++) {
        if (sums[i] > 0.0f) {
            piece = i;
            below = running;
        }
        running += sums[i];
        if (running > goal) break;
    }
    unsigned end = min((piece + 1) * p.piece, p.width);
    for (unsigned i = piece * p.piece; i < end; i++) {
        float weight = to_f32(weights[i]);
        below += weight;
        if (weight > 0.0f) {
            place = i;
            if (below > goal) break;
        }
    }
    return place;
    // end: find
}

extern "C" __global__ void __launch_bounds__(WG)
    multinomial(const stored* weights, const float* uniforms, unsigned* out, Params p) {
    __shared__ float sums[WG];
    unsigned lane = threadIdx.x, each = (p.draws + WG - 1) / WG;
    for (size_t group = blockIdx.x; group < (size_t)p.rows * each; group += gridDim.x) {
        size_t row = group / each;
        const stored* here = weights + row * p.width;
        // region: pieces
        float sum = 0.0f;
        unsigned end = min((lane + 1) * p.piece, p.width);
        for (unsigned i = lane * p.piece; i < end; i++) {
            float weight = to_f32(here[i]);
            // Not a weight: the whole row is none.
            sum += weight >= 0.0f && isfinite(weight) ? weight : __uint_as_float(0x7f800000u);
        }
        sums[lane] = sum;
        __syncthreads();
        float total = 0.0f;
        for (unsigned i = 0; i < WG; i++) total += sums[i];
        // end: pieces
        unsigned draw = group % each * WG + lane;
        if (draw < p.draws) {
            size_t at = row * p.draws + draw;
            unsigned place = find(here, sums, p, uniforms[at] * total);
            out[at] = isfinite(total) && total > 0.0f ? place : 0xffffffffu;
        }
        __syncthreads();  // the next group writes the sums again
    }
}
