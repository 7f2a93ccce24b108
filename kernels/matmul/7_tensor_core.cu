// Matrix multiply on tensor cores: bf16, f16 and, for f32 operands, tf32.
//
// Idea: an mma instruction multiplies two small matrices that lie in the registers of a whole warp: 16 x 8
// results of 16 products each, 4,096 operations where an FMA of a warp does 64. What is left to do is to
// feed it. A warp adds up WM x WN results: it reads WM + WN lines of a slab for WM WN products. The slabs
// come from global memory past the registers (cp.async), STAGES - 1 of them ahead of the one in use, and
// lie in shared memory so that ldmatrix never waits for a bank (slab.cuh). While one step of k is
// multiplied, the fragments of the next are on their way from shared memory.
// Cost: 2 m n k FLOPs; k m n (1 / BM + 1 / BN) elements from global memory, as many into shared memory,
// k m n (1 / WM + 1 / WN) out of it.
// Expected gain over 6_double_buffered:
#include "matmul.cuh"
#include "slab.cuh"

// region: tune
#ifndef BM
#define BM 128  // tune: 128 256
#endif
#ifndef BN
#define BN 128  // tune: 128 256
#endif
#ifndef WM
#define WM 64
#endif
#ifndef WN
#define WN 64
#endif
#ifndef STAGES
#define STAGES 3
#endif
#ifndef BLOCKS
#define BLOCKS 2  // on a multiprocessor at a time
#endif
#ifndef GROUP
#define GROUP 8  // rows of tiles in a strip
#endif
// end: tune
#ifndef A_ALONG_K
#define A_ALONG_K 1  // the elements of a row of a lie side by side
#endif
#ifndef B_ALONG_K
#define B_ALONG_K 0  // the elements of a column of b lie side by side: b is a transposed view
#endif
#ifndef BY_FOUR
#define BY_FOUR 1  // n and c's strides and offset are multiples of 4
#endif
#ifndef SPLIT
#define SPLIT 0  // c holds the sums of each part, unfinished
#endif
#define THREADS (BM / WM * BN / WN * 32)

typedef Slab<A_ALONG_K, BM, THREADS> Left;
typedef Slab<B_ALONG_K, BN, THREADS> Right;
typedef float Sums[WM / 16][WN / 16][2][4];

// region: multiply
// sums += a b, one step of k: every fragment of a with both halves of every fragment of b.
__device__ __forceinline__ void multiply(Sums& sums, unsigned (&a)[WM / 16][4],
                                         unsigned (&b)[WN / 16][4]) {
#if !STORED
#pragma unroll
    for (unsigned j = 0; j < WN / 16; j++) to_tf32(b[j]);
#endif
#pragma unroll
    for (unsigned i = 0; i < WM / 16; i++) {
#if !STORED
        to_tf32(a[i]);
#endif
#pragma unroll
        for (unsigned j = 0; j < WN / 8; j++)
#if STORED
            mma_m16n8k16(sums[i][j / 2][j % 2], a[i], &b[j / 2][j % 2 * 2], stored());
#else
            mma_m16n8k8(sums[i][j / 2][j % 2], a[i], &b[j / 2][j % 2 * 2]);
#endif
    }
}
// end: multiply

// Tile number `tile` of a grid of tiles: down a strip of GROUP rows, then to the next column, so that the
// tiles in work at one time need few lines of a and of b, and those stay in the L2 cache.
__device__ __forceinline__ void tile_at(unsigned tile, unsigned high, unsigned wide, unsigned& i0,
                                        unsigned& j0) {
    unsigned top = tile / (GROUP * wide) * GROUP, rows = min(GROUP, high - top);
    i0 = (top + tile % (GROUP * wide) % rows) * BM;
    j0 = tile % (GROUP * wide) / rows * BN;
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
matmul(const stored* a, const stored* b, const float* bias, const result* residual, result* c,
       result* activated, Params p) {
    extern __shared__ __align__(128) char slabs[];  // STAGES of a and b
    unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned wi = warp / (BN / WN) * WM, wj = warp % (BN / WN) * WN;
    unsigned start_a = Left::start<true>(wi), start_b = Right::start<false>(wj);
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + BM - 1) / BM;
    unsigned parts = SPLIT ? (p.k + p.span - 1) / p.span : 1;
#pragma unroll 1
    for (unsigned tile = blockIdx.x; tile < parts * p.batches * high * wide; tile += gridDim.x) {
        unsigned i0, j0, batch = tile / wide / high % p.batches, part = tile / wide / high / p.batches;
        tile_at(tile % (wide * high), high, wide, i0, j0);
        unsigned from = SPLIT ? part * p.span : 0, end = SPLIT ? min(p.k, from + p.span) : p.k;
        Lines rows = {a + a_start(p, batch), p.a_row, p.a_col, p.m};
        Lines columns = {b + b_start(p, batch), p.b_col, p.b_row, p.n};
        auto left = [&](unsigned stage) { return slabs + stage * (Left::BYTES + Right::BYTES); };
        auto right = [&](unsigned stage) { return left(stage) + Left::BYTES; };
        // A quarter of the slab from l on.
        auto fetch = [&](unsigned stage, unsigned l, unsigned quarter) {
            Left::fetch(left(stage), rows, i0, l, end, quarter);
            Right::fetch(right(stage), columns, j0, l, end, quarter);
            if (quarter == 3) cp_async_commit();
        };
        // The next slab is there, for all threads, and all have read the last one.
        auto arrive = [&] {
            cp_async_wait<STAGES - 2>();
            __syncthreads();
        };
        Sums sums = {};
        unsigned fa[2][WM / 16][4], fb[2][WN / 16][4];
        auto load = [&](unsigned half, unsigned stage, unsigned step) {
#pragma unroll
            for (unsigned i = 0; i < WM / 16; i++)
                Left::fragment<true>(fa[half][i], left(stage), start_a, i, step);
#pragma unroll
            for (unsigned j = 0; j < WN / 16; j++)
                Right::fragment<false>(fb[half][j], right(stage), start_b, j, step);
        };
#pragma unroll 1
        for (unsigned s = 0; s < STAGES - 1; s++)
#pragma unroll
            for (unsigned quarter = 0; quarter < 4; quarter++) fetch(s, from + s * BK, quarter);
        arrive();
        load(0, 0, 0);
        unsigned here = 0, freed = STAGES - 1;
#pragma unroll 1
        for (unsigned l = from; l < end; l += BK) {
#pragma unroll
            for (unsigned step = 0; step < 4; step++) {
                fetch(freed, l + (STAGES - 1) * BK, step);
                if (step < 3) {
                    load((step + 1) % 2, here, step + 1);
                } else {
                    freed = here;
                    here = here + 1 < STAGES ? here + 1 : 0;
                    arrive();
                    load(0, here, 0);
                }
                multiply(sums, fa[step % 2], fb[step % 2]);
            }
        }
        cp_async_wait<0>();
        __syncthreads();

        // region: store
        // A lane holds two columns of each half. Neighbors swap two, and each has four side by side: the
        // even one of the first half, the odd one of the second.
        bool odd = lane % 2;
#pragma unroll
        for (unsigned r = 0; r < WM / 8; r++) {
            float4 row[WN / 16];
#pragma unroll
            for (unsigned f = 0; f < WN / 16; f++) {
                float* h0 = &sums[r / 2][f][0][r % 2 * 2];
                float* h1 = &sums[r / 2][f][1][r % 2 * 2];
                float x = __shfl_xor_sync(~0u, odd ? h0[0] : h1[0], 1);
                float y = __shfl_xor_sync(~0u, odd ? h0[1] : h1[1], 1);
                row[f] = odd ? make_float4(x, y, h1[0], h1[1]) : make_float4(h0[0], h0[1], x, y);
            }
            unsigned i = i0 + wi + r * 8 + lane / 4;
            unsigned j = j0 + wj + lane % 2 * 8 + lane % 4 / 2 * 4;
            if (i >= p.m) continue;
#if BY_FOUR && !SPLIT
            finish_row<WN / 16, 16>(p, batch, i, j, row, bias, residual, c, activated);
#else
#pragma unroll
            for (unsigned f = 0; f < WN / 16; f++) {
                unsigned at = ((part * p.batches + batch) * p.m + i) * p.n + j + f * 16;
                if (BY_FOUR && j + f * 16 < p.n) store4(c + at, row[f]);
                float four[4] = {row[f].x, row[f].y, row[f].z, row[f].w};
#pragma unroll
                for (unsigned q = 0; q < 4; q++)
                    if (BY_FOUR || j + f * 16 + q >= p.n) continue;
                    else if (SPLIT) c[at + q] = from_f32<result>(four[q]);
                    else finish(p, batch, i, j + f * 16 + q, four[q], bias, residual, c, activated);
            }
#endif
        }
        // end: store
    }
}
