// Reduce by a tree: many threads share one output.
//
// Idea: a block serves COLS outputs with WG / COLS threads each. Every thread folds its share of the
// terms; then the upper half of the threads hands its results to the lower half, in shared memory,
// until one row of COLS is left: log2(WG / COLS) rounds instead of WG / COLS steps.
//   COLS = 1   outputs are rows: the threads of a block read one row side by side.
//   COLS = 32  outputs are columns: the threads of a warp read 32 neighboring columns.
// Where there are few outputs and many terms, `parts` blocks share an output, each taking `length`
// terms; a second launch folds the parts, which are f32 whatever x is stored in. The split depends
// on the shape alone, so the bits do not depend on the card.
// Cost: as naive, n k FLOPs and 4 n k bytes (2 n k in 16 bits). Expected gain: a sum of everything
// uses the whole card instead of one thread; sums of rows read whole lines. Sums are more exact
// too: each thread adds up only k / (parts WG / COLS) terms.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef OP
#define OP 0
#endif
#ifndef COLS
#define COLS 1
#endif

struct Params {
    unsigned shape[8];
    unsigned strides[8];
    unsigned n;  // outputs
    unsigned k;  // inputs folded into each
    unsigned kept;
    unsigned rank;
    unsigned offset;
    float scale;
    unsigned parts;   // blocks that share an output
    unsigned length;  // terms each of them takes
};

// Where index i of dimensions low .. high lies.
__device__ __forceinline__ unsigned place(const Params& p, unsigned i, unsigned low, unsigned high) {
    if (low == high) return 0;
    unsigned at = 0;
    for (unsigned d = high; d > low + 1; d--) {
        unsigned quotient = i / p.shape[d - 1];
        at += (i - quotient * p.shape[d - 1]) * p.strides[d - 1];
        i = quotient;
    }
    return at + i * p.strides[low];
}

__device__ __forceinline__ float neutral() {
    return OP == 0 ? 0.0f : __uint_as_float(OP == 1 ? 0xff800000u : 0x7f800000u);
}

__device__ __forceinline__ float fold(float a, float x) {
    if (OP == 0) return a + x;
    if (OP == 1) return x > a || x != x ? x : a;
    return x < a || x != x ? x : a;
}

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG) reduce(const stored* x, result* out, const __grid_constant__ Params p) {
    __shared__ float scratch[WG];
    unsigned lane = threadIdx.x, column = lane % COLS, row = lane / COLS;
    unsigned wide = (p.n + COLS - 1) / COLS;  // blocks that cover all outputs once
    for (unsigned group = blockIdx.x; group < wide * p.parts; group += gridDim.x) {
        unsigned part = group / wide, i = (group % wide) * COLS + column;
        // region: gather
        float total = neutral();
        if (i < p.n) {
            unsigned first = p.offset + place(p, i, 0, p.kept);
            unsigned end = min(p.k, (part + 1) * p.length);
            for (unsigned j = part * p.length + row; j < end; j += WG / COLS) {
                total = fold(total, to_f32(x[first + place(p, j, p.kept, p.rank)]));
            }
        }
        // end: gather
        // region: tree
        scratch[lane] = total;
        __syncthreads();
        for (unsigned half = WG / 2; half >= COLS; half /= 2) {
            if (lane < half) scratch[lane] = fold(scratch[lane], scratch[lane + half]);
            __syncthreads();
        }
        if (lane < COLS && i < p.n) out[part * p.n + i] = from_f32<result>(p.scale * scratch[lane]);
        __syncthreads();  // the next round writes the scratch again
        // end: tree
    }
}
