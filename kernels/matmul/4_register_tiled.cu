// Matrix multiply by tiles in registers.
//
// Idea: in 3_tiled every multiplication loads two numbers from shared memory. Here a thread computes
// TM x TN results: it loads TM numbers of a and TN of b into registers and multiplies each with each,
// 64 multiplications for 16 loads. 256 threads make a tile of 16 TM x 16 TN results: 128 x 128.
// Cost: 2 m n k FLOPs; 8 m n k / 128 bytes from global memory, 8 m n k / 8 from shared memory.
// Expected gain over 3_tiled: four to six times; more than half of what the card can multiply.
//
// The next slab of k is fetched into registers while this one is multiplied, and put into the other
// half of shared memory: one barrier a slab, and global memory has a whole slab's time to answer.
// Where there are few tiles and many terms (a weight's gradient), `span` cuts k into parts that blocks
// of their own add up; split_sum adds the parts and finishes.
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
// Padding of one 16-byte load: rows stay aligned, and slabs that are turned spread over the banks.
#define PAD 4

// An operand seen from the side: lines (rows of a, columns of b) and their elements along k.
struct Lines {
    const float* data;
    unsigned line, step;  // from line to line, and along k
    unsigned count;       // lines there are
};

// Element e of a slab of BK x WIDTH: neighboring threads take neighboring addresses.
template <bool ALONG_K, unsigned WIDTH>
__device__ __forceinline__ void split_index(unsigned e, unsigned& line, unsigned& l) {
    line = ALONG_K ? e / BK : e % WIDTH;
    l = ALONG_K ? e % BK : e / WIDTH;
}

// Fetches this thread's share of a slab; 0 outside the matrix.
template <bool ALONG_K, unsigned WIDTH, unsigned SHARE>
__device__ __forceinline__ void fetch(float (&share)[SHARE], Lines x, unsigned first, unsigned from,
                                      unsigned end) {
    // region: fetch
#pragma unroll
    for (unsigned s = 0; s < SHARE; s++) {
        unsigned line, l;
        split_index<ALONG_K, WIDTH>(threadIdx.x + s * THREADS, line, l);
        bool in = first + line < x.count && from + l < end;
        share[s] = in ? x.data[(first + line) * x.line + (from + l) * x.step] : 0.0f;
    }
    // end: fetch
}

extern "C" __global__ void __launch_bounds__(THREADS, 2)
matmul(const float* a, const float* b, const float* bias, const float* residual, float* c,
       float* activated, Params p) {
    __shared__ __align__(16) float a_slab[2][BK][BM + PAD];
    __shared__ __align__(16) float b_slab[2][BK][BN + PAD];
    unsigned x = threadIdx.x % 16, y = threadIdx.x / 16;
    unsigned wide = (p.n + BN - 1) / BN, high = (p.m + BM - 1) / BM;
    unsigned parts = SPLIT ? (p.k + p.span - 1) / p.span : 1;
    for (unsigned tile = blockIdx.x; tile < parts * p.batches * high * wide; tile += gridDim.x) {
        unsigned i0 = tile / wide % high * BM, j0 = tile % wide * BN;
        unsigned batch = tile / wide / high % p.batches, part = tile / wide / high / p.batches;
        unsigned from = SPLIT ? part * p.span : 0, end = SPLIT ? min(p.k, from + p.span) : p.k;
        Lines left = {a + a_start(p, batch), p.a_row, p.a_col, p.m};
        Lines right = {b + b_start(p, batch), p.b_col, p.b_row, p.n};

        float a_share[BK * BM / THREADS], b_share[BK * BN / THREADS];
        float sums[TM][TN] = {};
        unsigned half = 0;
        for (unsigned l0 = from; l0 < end + BK; l0 += BK) {
            bool more = l0 < end;
            if (more) {
                fetch<A_ALONG_K, BM>(a_share, left, i0, l0, end);
                fetch<B_ALONG_K, BN>(b_share, right, j0, l0, end);
            }
            if (l0 > from) {
#pragma unroll
                for (unsigned l = 0; l < BK; l++) {
                    // region: multiply
                    float rows[TM], columns[TN];
#pragma unroll
                    for (unsigned g = 0; g < TM; g += 4)
                        *(float4*)&rows[g] = *(float4*)&a_slab[half][l][g * 16 + y * 4];
#pragma unroll
                    for (unsigned g = 0; g < TN; g += 4)
                        *(float4*)&columns[g] = *(float4*)&b_slab[half][l][g * 16 + x * 4];
#pragma unroll
                    for (unsigned r = 0; r < TM; r++)
#pragma unroll
                        for (unsigned s = 0; s < TN; s++) sums[r][s] += rows[r] * columns[s];
                    // end: multiply
                }
                half ^= 1;
            }
            if (more) {
                // region: put
                // The other half was read one slab ago, before the last barrier.
                unsigned to = l0 > from ? half : 0;
#pragma unroll
                for (unsigned s = 0; s < BK * BM / THREADS; s++) {
                    unsigned line, l;
                    split_index<A_ALONG_K, BM>(threadIdx.x + s * THREADS, line, l);
                    a_slab[to][l][line] = a_share[s];
                }
                // end: put
#pragma unroll
                for (unsigned s = 0; s < BK * BN / THREADS; s++) {
                    unsigned line, l;
                    split_index<B_ALONG_K, BN>(threadIdx.x + s * THREADS, line, l);
                    // Column 16 q + x of 64 goes to place 4 x + q: a thread's four columns are one
                    // 16-byte load here, and in c its neighbors' columns lie beside its own.
                    b_slab[to][l][line / 64 * 64 + line % 16 * 4 + line % 64 / 16] = b_share[s];
                }
            }
            __syncthreads();
        }
#pragma unroll
        for (unsigned r = 0; r < TM; r++) {
            unsigned i = i0 + r / 4 * 64 + y * 4 + r % 4;
#pragma unroll
            for (unsigned s = 0; s < TN; s++) {
                unsigned j = j0 + s * 16 + x;
                if (i >= p.m || j >= p.n) continue;
                if (SPLIT) c[((part * p.batches + batch) * p.m + i) * p.n + j] = sums[r][s];
                else finish(p, batch, i, j, sums[r][s], bias, residual, c, activated);
            }
        }
    }
}
