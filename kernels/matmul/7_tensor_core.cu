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
// Expected gain over 6_double_buffered: ten times in 16 bits, five in tf32. An mma reaches about 0.6 of the
// data sheet's 989 TFLOP/s (half of that in tf32), where rung 6 could reach 0.85 of 67.
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
#ifndef PARTS
#define PARTS 1
#endif
#ifndef FETCH_AT
#define FETCH_AT 1
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

// In tf32 the instruction's first operand is our b and its second our a (slab.cuh says why).
typedef Slab<A_ALONG_K, STORED != 0, BM, THREADS> Left;
typedef Slab<B_ALONG_K, STORED == 0, BN, THREADS> Right;

// region: multiply
// sums += first second, one step of k: every fragment of one with both halves of every one of the other.
template <unsigned I, unsigned J>
__device__ __forceinline__ void multiply(float (&sums)[I][J][2][4], const unsigned (&first)[I][4],
                                         const unsigned (&second)[J][4]) {
#pragma unroll
    for (unsigned i = 0; i < I; i++)
#pragma unroll
        for (unsigned j = 0; j < J; j++)
#pragma unroll
            for (unsigned h = 0; h < 2; h++)
#if STORED
                mma_m16n8k16(sums[i][j][h], first[i], &second[j][2 * h], stored());
#else
                mma_m16n8k8(sums[i][j][h], first[i], &second[j][2 * h]);
#endif
}
// end: multiply

// Two lanes have two pairs of numbers each: one takes both first pairs, the odd one both second ones.
__device__ __forceinline__ float4 trade(bool odd, unsigned with, float2 first, float2 second) {
    float x = __shfl_xor_sync(~0u, odd ? first.x : second.x, with);
    float y = __shfl_xor_sync(~0u, odd ? first.y : second.y, with);
    return odd ? make_float4(x, y, second.x, second.y) : make_float4(first.x, first.y, x, y);
}

// Tile number `number`: down a strip of GROUP rows, then to the next column, so that the tiles in work at
// one time need few lines of a and of b, and those stay in the L2 cache. Then the next product, then the
// next part of k.
struct Tile {
    unsigned i0, j0, batch, part;
};
__device__ __forceinline__ Tile tile_at(const Params& p, unsigned number) {
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + BM - 1) / BM;
    unsigned t = number % (wide * high), product = number / (wide * high);
    unsigned top = t / (GROUP * wide) * GROUP, rows = min(GROUP, high - top);
    return {(top + t % (GROUP * wide) % rows) * BM, t % (GROUP * wide) / rows * BN, product % p.batches,
            product / p.batches};
}

extern "C" __global__ void __launch_bounds__(THREADS, BLOCKS)
matmul(const stored* a, const stored* b, const float* bias, const result* residual, result* c,
       result* activated, Params p) {
    extern __shared__ __align__(128) char shared[];  // STAGES of a slab of a and one of b
    auto left = [&](unsigned stage) { return shared + stage * (Left::BYTES + Right::BYTES); };
    auto right = [&](unsigned stage) { return left(stage) + Left::BYTES; };
    unsigned lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    unsigned wi = warp / (BN / WN) * WM, wj = warp % (BN / WN) * WN;  // of the tile: the warp's corner
    unsigned parts = SPLIT ? (p.k + p.span - 1) / p.span : 1;
    unsigned tiles = parts * p.batches * ((p.n + BN - 1) / BN) * ((p.m + BM - 1) / BM);
    unsigned slabs = ((SPLIT ? p.span : p.k) + BK - 1) / BK;  // of a tile

    // region: ahead
    // Slabs are fetched STAGES - 1 ahead of the one that is multiplied, into the block's next tile if it
    // has one: there the first slabs arrive while this tile is still being stored.
    struct Work {
        unsigned i0, j0, a, b, l, end;
    };
    auto work_at = [&](unsigned number) -> Work {
        Tile t = tile_at(p, number);
        unsigned l = SPLIT ? t.part * p.span : 0, end = SPLIT ? min(p.k, l + p.span) : p.k;
        if (number >= tiles) t.i0 = p.m, t.j0 = p.n, t.batch = 0;  // nothing lies there
        return {t.i0, t.j0, a_start(p, t.batch), b_start(p, t.batch), l, end};
    };
    Lines rows = {a, p.a_row, p.a_col, p.m}, columns = {b, p.b_col, p.b_row, p.n};
    unsigned number = blockIdx.x, fetched = 0;
    Work ahead = work_at(number), next = ahead;
    auto fetch = [&](unsigned stage, unsigned part) {
        Left::fetch<PARTS>(left(stage), rows, ahead.a, ahead.i0, ahead.l, ahead.end, part);
        Right::fetch<PARTS>(right(stage), columns, ahead.b, ahead.j0, ahead.l, ahead.end, part);
        if (part + 1 < PARTS) return;
        cp_async_commit();
        ahead.l += BK;
        if (++fetched == slabs) fetched = 0, number += gridDim.x, ahead = next;
    };
    // end: ahead
    // The next slab is there, for all threads, and all have read the last one.
    auto arrive = [&] {
        cp_async_wait<STAGES - 2>();
        __syncthreads();
    };
    unsigned start_a = Left::start(wi), start_b = Right::start(wj);
    unsigned fa[2][WM / 16][4], fb[2][WN / 16][4];  // of this step and of the next
    auto load = [&](unsigned half, unsigned stage, unsigned step) {
        Left::fragments(fa[half], left(stage), start_a, step);
        Right::fragments(fb[half], right(stage), start_b, step);
    };
#pragma unroll 1
    for (unsigned s = 0; s < STAGES - 1; s++) {
        next = work_at(number + gridDim.x);
#pragma unroll
        for (unsigned part = 0; part < PARTS; part++) fetch(s, part);
    }
    arrive();
    unsigned here = 0, freed = STAGES - 1;
#pragma unroll 1
    for (unsigned mine = blockIdx.x; mine < tiles; mine += gridDim.x) {
        next = work_at(number + gridDim.x);  // the fetch comes to it while this tile is multiplied
        load(0, here, 0);
        float sums[(STORED ? WM : WN) / 16][(STORED ? WN : WM) / 16][2][4] = {};
#pragma unroll 1
        for (unsigned s = 0; s < slabs; s++) {
#pragma unroll
            for (unsigned step = 0; step < BK / STEP; step++) {
                if (step + 1 < BK / STEP) {
                    load((step + 1) % 2, here, step + 1);
                } else {
                    freed = here;
                    here = here + 1 < STAGES ? here + 1 : 0;
                    arrive();
                    load(0, here, 0);
                }
                if (step >= FETCH_AT && step < FETCH_AT + PARTS) fetch(freed, step - FETCH_AT);
#if STORED
                multiply(sums, fa[step % 2], fb[step % 2]);
#else
                multiply(sums, fb[step % 2], fa[step % 2]);
#endif
            }
        }
        // region: store
        Tile corner = tile_at(p, mine);
        corner.i0 += wi, corner.j0 += wj;
        unsigned g = lane / 4, t = lane % 4;
#pragma unroll
        for (unsigned fh = 0; fh < (STORED ? WM : WN) / 8; fh++) {
            const unsigned COUNT = (STORED ? WN : WM) / 16;
            unsigned f = fh / 2, h = fh % 2, i[COUNT], j[COUNT];
            float4 four[COUNT];  // four columns side by side
#pragma unroll
            for (unsigned e = 0; e < COUNT; e++) {
#if STORED
                // A lane has columns 2t and 2t + 1 of both halves: (t, t + 1) get four of a half each.
                float *x = sums[f][e][0] + 2 * h, *y = sums[f][e][1] + 2 * h;
                four[e] = trade(t % 2, 1, make_float2(x[0], x[1]), make_float2(y[0], y[1]));
                i[e] = corner.i0 + f * 16 + h * 8 + g;
                j[e] = corner.j0 + e * 16 + t % 2 * 8 + t / 2 * 4;
#else
                // A lane has columns 2g and 2g + 1 of rows 2t and 2t + 1: (g, g + 1) get four of a row.
                float* x = sums[f][e][h];
                four[e] = trade(g % 2, 4, make_float2(x[0], x[2]), make_float2(x[1], x[3]));
                i[e] = corner.i0 + e * 16 + h * 8 + t * 2 + g % 2;
                j[e] = corner.j0 + f * 16 + g / 2 * 4;
#endif
            }
#if BY_FOUR && !SPLIT
            finish_fours<COUNT>(p, corner.batch, i, j, four, bias, residual, c, activated);
#else
#pragma unroll
            for (unsigned at = 0; at < COUNT; at++) {
                if (i[at] >= p.m || j[at] >= p.n) continue;
                unsigned to = ((corner.part * p.batches + corner.batch) * p.m + i[at]) * p.n + j[at];
                if (BY_FOUR) {
                    store4(c + to, four[at]);
                    continue;
                }
                float each[4] = {four[at].x, four[at].y, four[at].z, four[at].w};
#pragma unroll
                for (unsigned q = 0; q < 4; q++)
                    if (j[at] + q >= p.n) continue;
                    else if (SPLIT) c[to + q] = from_f32<result>(each[q]);
                    else finish(p, corner.batch, i[at], j[at] + q, each[q], bias, residual, c, activated);
            }
#endif
        }
        // end: store
    }
    cp_async_wait<0>();
}
