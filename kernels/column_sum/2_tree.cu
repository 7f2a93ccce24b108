// Column sums by many blocks: each takes 32 columns and a run of rows.
//
// Idea: 8 warps of a block walk down the same 32 columns, each every eighth row, and a tree in
// shared memory adds their sums. A run has `length` rows; a second launch of this kernel adds the
// runs' sums, which are f32 whatever x is stored in. The cut depends on the shape alone, and no
// addition is left to chance: the same bits every time.
// Cost: m n FLOPs, 4 m n bytes (2 m n in 16 bits) and a little. Expected gain over 1_naive: with
// 16,384 rows of 384, 6 times the warps for the columns and 128 runs: the whole card reads at once.
#include "stored.cuh"

#ifndef ACCUMULATE
#define ACCUMULATE 0
#endif

struct Params {
    unsigned rows, columns;
    unsigned length;  // rows in a run
};

extern "C" __global__ void __launch_bounds__(256)
column_sum(const stored* x, float* out, Params p) {
    __shared__ float sums[8][32];
    unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned wide = (p.columns + 31) / 32, runs = (p.rows + p.length - 1) / p.length;
    for (unsigned group = blockIdx.x; group < wide * runs; group += gridDim.x) {
        unsigned j = group % wide * 32 + lane, run = group / wide;
        unsigned end = min(p.rows, (run + 1) * p.length);
        float sum = 0.0f;
        if (j < p.columns) {
            for (unsigned i = run * p.length + warp; i < end; i += 8)
                sum += to_f32(x[i * p.columns + j]);
        }
        sums[warp][lane] = sum;
        __syncthreads();
        for (unsigned half = 4; half > 0; half /= 2) {
            if (warp < half) sums[warp][lane] += sums[warp + half][lane];
            __syncthreads();
        }
        if (warp == 0 && j < p.columns) {
            unsigned at = run * p.columns + j;
            out[at] = ACCUMULATE ? out[at] + sums[0][lane] : sums[0][lane];
        }
        __syncthreads();  // the next round writes the sums again
    }
}
