// Matrix multiply by tiles in shared memory.
//
// Idea: the 256 threads of a block compute a tile of 16 x 16 results together. They load a tile of a
// and a tile of b once, side by side, and then every thread reads what the others have loaded: each
// number that came from global memory is used 16 times.
// Cost: 2 m n k FLOPs; 8 m n k / 16 bytes from global memory and its caches instead of 8 m n k, and
// 8 m n k from shared memory.
// Expected gain over 2_coalesced: one and a half to two times. There the caches caught most of what is
// saved here; shared memory answers sooner, but there are still two loads for each multiplication.
//
// A transposed operand is read along its own rows all the same and turned while it is stored. What
// lies outside the matrices is loaded as 0: it adds nothing, and no thread has to leave early.
#include "matmul.cuh"

#ifndef A_ALONG_K
#define A_ALONG_K 1  // the elements of a row of a lie side by side
#endif
#ifndef B_ALONG_K
#define B_ALONG_K 0  // the elements of a column of b lie side by side: b is a transposed view
#endif
#define TILE 16

extern "C" __global__ void __launch_bounds__(TILE * TILE)
matmul(const stored* a, const stored* b, const float* bias, const result* residual, result* c,
       result* activated, Params p) {
    // region: shared
    // One column of padding: threads that walk down a column touch 16 different banks.
    __shared__ float a_tile[TILE][TILE + 1], b_tile[TILE][TILE + 1];  // [row][l] and [l][column]
    unsigned x = threadIdx.x % TILE, y = threadIdx.x / TILE;
    // end: shared
    unsigned wide = (p.n + TILE - 1) / TILE, high = (p.m + TILE - 1) / TILE;
    for (unsigned tile = blockIdx.x; tile < p.batches * high * wide; tile += gridDim.x) {
        unsigned batch = tile / wide / high;
        unsigned i0 = tile / wide % high * TILE, j0 = tile % wide * TILE;
        const stored* left = a + a_start(p, batch);
        const stored* right = b + b_start(p, batch);
        float sum = 0.0f;
        for (unsigned l0 = 0; l0 < p.k; l0 += TILE) {
            // region: load
            // Neighboring threads (x) read neighboring addresses, whichever way the matrix lies.
            unsigned ar = A_ALONG_K ? y : x, al = A_ALONG_K ? x : y;
            unsigned bl = B_ALONG_K ? x : y, bc = B_ALONG_K ? y : x;
            bool in_a = i0 + ar < p.m && l0 + al < p.k, in_b = l0 + bl < p.k && j0 + bc < p.n;
            a_tile[ar][al] = in_a ? to_f32(left[(i0 + ar) * p.a_row + (l0 + al) * p.a_col]) : 0.0f;
            b_tile[bl][bc] = in_b ? to_f32(right[(l0 + bl) * p.b_row + (j0 + bc) * p.b_col]) : 0.0f;
            // end: load
            // region: multiply
            __syncthreads();
#pragma unroll
            for (unsigned l = 0; l < TILE; l++) sum += a_tile[y][l] * b_tile[l][x];
            __syncthreads();
            // end: multiply
        }
        // region: store
        if (i0 + y < p.m && j0 + x < p.n)
            finish(p, batch, i0 + y, j0 + x, sum, bias, residual, c, activated);
        // end: store
    }
}
