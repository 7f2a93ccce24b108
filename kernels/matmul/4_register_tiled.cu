// Matrix multiply by tiles in registers.
//
// Idea: in 3_tiled every multiplication loads two numbers from shared memory. Here a thread computes
// TM x TN results: at each step along k it loads TM numbers of a and TN of b into registers and
// multiplies each with each, 64 multiplications for 16 loads. 256 threads make a tile of
// 16 TM x 16 TN results: 128 x 128.
// Cost: 2 m n k FLOPs; 8 m n k / 128 bytes from global memory, 8 m n k / 8 from shared memory.
// Expected gain over 3_tiled: three to four times. Shared memory is asked for an eighth, and would let
// the card run at its peak; but it is asked for one number at a time, and while a slab is fetched
// nothing is multiplied.
//
// Where there are few tiles and many terms (a weight's gradient), the plan cuts k into parts of `span`
// terms that blocks of their own add up (SPLIT); split_sum adds the parts and finishes.
#include "matmul.cuh"

// region: tune
#ifndef TM
#define TM 8  // tune: 4 8
#endif
#ifndef TN
#define TN 8  // tune: 4 8
#endif
#ifndef BK
#define BK 8  // tune: 8 16
#endif
// end: tune
#ifndef A_ALONG_K
#define A_ALONG_K 1  // the elements of a row of a lie side by side
#endif
#ifndef B_ALONG_K
#define B_ALONG_K 0  // the elements of a column of b lie side by side: b is a transposed view
#endif
#ifndef SPLIT
#define SPLIT 0  // c holds the sums of each part, unfinished
#endif
#define BM (16 * TM)
#define BN (16 * TN)
#define THREADS 256

extern "C" __global__ void __launch_bounds__(THREADS, 2)
matmul(const float* a, const float* b, const float* bias, const float* residual, float* c,
       float* activated, Params p) {
    // Padding spreads a slab that is turned while it is stored over the banks.
    __shared__ float a_slab[BM][BK + 1], b_slab[BK][BN + 4];  // [row][l] and [l][column]
    unsigned x = threadIdx.x % 16, y = threadIdx.x / 16;
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + BM - 1) / BM;
    unsigned parts = SPLIT ? (p.k + p.span - 1) / p.span : 1;
    for (unsigned tile = blockIdx.x; tile < parts * p.batches * high * wide; tile += gridDim.x) {
        unsigned i0 = tile / wide % high * BM, j0 = tile % wide * BN;
        unsigned batch = tile / wide / high % p.batches, part = tile / wide / high / p.batches;
        unsigned from = SPLIT ? part * p.span : 0, end = SPLIT ? min(p.k, from + p.span) : p.k;
        const float* left = a + a_start(p, batch);
        const float* right = b + b_start(p, batch);
        float sums[TM][TN] = {};
        for (unsigned l0 = from; l0 < end; l0 += BK) {
            // region: load
            // Neighboring threads read neighboring addresses, whichever way the matrix lies.
#pragma unroll
            for (unsigned e = threadIdx.x; e < BK * BM; e += THREADS) {
                unsigned row = A_ALONG_K ? e / BK : e % BM, l = A_ALONG_K ? e % BK : e / BM;
                bool in = i0 + row < p.m && l0 + l < end;
                a_slab[row][l] = in ? left[(i0 + row) * p.a_row + (l0 + l) * p.a_col] : 0.0f;
            }
            // end: load
#pragma unroll
            for (unsigned e = threadIdx.x; e < BK * BN; e += THREADS) {
                unsigned column = B_ALONG_K ? e / BK : e % BN, l = B_ALONG_K ? e % BK : e / BN;
                bool in = l0 + l < end && j0 + column < p.n;
                b_slab[l][column] = in ? right[(l0 + l) * p.b_row + (j0 + column) * p.b_col] : 0.0f;
            }
            __syncthreads();
#pragma unroll
            for (unsigned l = 0; l < BK; l++) {
                // region: multiply
                float rows[TM], columns[TN];
#pragma unroll
                for (unsigned r = 0; r < TM; r++) rows[r] = a_slab[r * 16 + y][l];
#pragma unroll
                for (unsigned s = 0; s < TN; s++) columns[s] = b_slab[l][s * 16 + x];
#pragma unroll
                for (unsigned r = 0; r < TM; r++)
#pragma unroll
                    for (unsigned s = 0; s < TN; s++) sums[r][s] += rows[r] * columns[s];
                // end: multiply
            }
            __syncthreads();
        }
#pragma unroll
        for (unsigned r = 0; r < TM; r++) {
            unsigned i = i0 + r * 16 + y, j = j0 + x;
            if (!SPLIT) {
                finish_row(p, batch, i, j, 16, sums[r], bias, residual, c, activated);
                continue;
            }
            float* part_sums = c + ((part * p.batches + batch) * p.m + i) * p.n + j;
#pragma unroll
            for (unsigned s = 0; s < TN; s++)
                if (i < p.m && j + s * 16 < p.n) part_sums[s * 16] = sums[r][s];
        }
    }
}
