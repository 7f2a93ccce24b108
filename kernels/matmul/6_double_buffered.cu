// Matrix multiply by tiles in registers, fetched ahead.
//
// Idea: 5_vectorized multiplies nothing while it waits for a slab. Here the next slab is fetched into
// registers while this one is multiplied, so that global memory has a whole slab's time to answer, and
// is then put into the other half of shared memory, which nobody reads: one barrier a slab.
// Cost: as 5_vectorized, with twice the shared memory, and registers for a share of both slabs.
// Expected gain over 5_vectorized: an eighth to a fifth. The multiprocessor's other block filled most of the waits.
#include "matmul.cuh"

#ifndef TM
#define TM 8  // tune: 4 8
#endif
#ifndef TN
#define TN 8  // tune: 4 8
#endif
#ifndef BK
#define BK 8  // tune: 8 16
#endif
#ifndef SPLIT
#define SPLIT 0  // c holds the sums of each part, unfinished
#endif
#define BM (16 * TM)
#define BN (16 * TN)
#define THREADS 256
#include "share.cuh"

extern "C" __global__ void __launch_bounds__(THREADS, 2)
matmul(const float* a, const float* b, const float* bias, const float* residual, float* c,
       float* activated, Params p) {
    __shared__ __align__(16) float a_slab[2][BK * A_PITCH], b_slab[2][BK * B_PITCH];
    // A warp's threads stand 4 high and 8 wide: what they read of a step is 16 + 32 numbers for each
    // load, where two rows of 16 threads would read 8 + 64.
    unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned x = lane % 16 / 2, y = lane / 16 * 2 + lane % 2;
    unsigned row = warp / 2 * (4 * TM) + y * 4, column = warp % 2 * (8 * TN) + x;
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + BM - 1) / BM;
    unsigned parts = SPLIT ? (p.k + p.span - 1) / p.span : 1;
    for (unsigned tile = blockIdx.x; tile < parts * p.batches * high * wide; tile += gridDim.x) {
        unsigned i0 = tile / wide % high * BM, j0 = tile % wide * BN;
        unsigned batch = tile / wide / high % p.batches, part = tile / wide / high / p.batches;
        unsigned from = SPLIT ? part * p.span : 0, end = SPLIT ? min(p.k, from + p.span) : p.k;
        const float* left = a + a_start(p, batch) + from * p.a_col;
        const float* right = b + b_start(p, batch) + from * p.b_row;
        Share<A_ALONG_K, BM, A_PITCH, false, A_WIDE> a_share(left, p.a_row, p.a_col, i0, p.m);
        Share<B_ALONG_K, BN, B_PITCH, true, B_WIDE> b_share(right, p.b_col, p.b_row, j0, p.n);
        float sums[TM][TN] = {};
        unsigned half = 0;
        a_share.fetch(end - from);
        b_share.fetch(end - from);
        __syncthreads();  // the tile before this one has been read
        a_share.put(a_slab[0]);
        b_share.put(b_slab[0]);
        __syncthreads();
        // region: ahead
        for (int steps = end - from; steps > 0; steps -= BK) {
            const float* a_own = &a_slab[half][row];
            const float* b_own = &b_slab[half][column_place(column)];
            a_share.fetch(steps - BK);
            b_share.fetch(steps - BK);
#pragma unroll
            for (unsigned l = 0; l < BK; l++) {
                float rows[TM], columns[TN];
#pragma unroll
                for (unsigned g = 0; g < TM; g += 4)
                    *(float4*)&rows[g] = *(const float4*)&a_own[l * A_PITCH + g * 4];
#pragma unroll
                for (unsigned g = 0; g < TN; g += 4)
                    *(float4*)&columns[g] = *(const float4*)&b_own[l * B_PITCH + g * 9];
#pragma unroll
                for (unsigned r = 0; r < TM; r++)
#pragma unroll
                    for (unsigned s = 0; s < TN; s++) sums[r][s] += rows[r] * columns[s];
            }
            if (steps > BK) {
                // The other half was read one slab ago, before the last barrier.
                half ^= 1;
                a_share.put(a_slab[half]);
                b_share.put(b_slab[half]);
                __syncthreads();
            }
        }
        // end: ahead
#pragma unroll
        for (unsigned r = 0; r < TM; r++) {
            unsigned i = i0 + row + r / 4 * 16 + r % 4, j = j0 + column;
            if (!SPLIT) {
                finish_row(p, batch, i, j, 8, sums[r], bias, residual, c, activated);
                continue;
            }
            float* part_sums = c + ((part * p.batches + batch) * p.m + i) * p.n + j;
#pragma unroll
            for (unsigned s = 0; s < TN; s++)
                if (i < p.m && j + s * 8 < p.n) part_sums[s * 8] = sums[r][s];
        }
    }
}
