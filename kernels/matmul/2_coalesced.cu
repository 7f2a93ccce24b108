// Matrix multiply, neighbors side by side.
//
// Idea: 1_naive with one line changed. Threads are counted along the rows of the result: neighboring
// lanes of a warp compute neighboring columns, so they touch neighboring addresses of b and of c, and
// share their element of a. What a warp asks for side by side is fetched in one piece: it coalesces.
// Cost: as 1_naive, 2 m n k FLOPs and 8 m n k bytes asked of the caches. But a step of a warp along k
// takes 5 sectors of 32 bytes (1 of a, 4 of b) where 1_naive takes 33, and nothing in those of b is
// wasted; a store takes 4 where it took 32.
// Expected gain over 1_naive: six times (33 / 5). The limit is now the number of loads: two for each
// multiplication, and the caches answer them all.
//
// Where b is a transposed view, its columns lie k apart and this is 1_naive again with a and b changing
// places: only the stores coalesce. 3_tiled mends that.
#include "matmul.cuh"

#ifndef WG
#define WG 256
#endif

extern "C" __global__ void __launch_bounds__(WG)
matmul(const stored* a, const stored* b, const float* bias, const result* residual, result* c,
       result* activated, Params p) {
    unsigned total = p.batches * p.m * p.n;
    for (unsigned e = blockIdx.x * WG + threadIdx.x; e < total; e += gridDim.x * WG) {
        // region: place
        unsigned j = e % p.n, i = e / p.n % p.m, batch = e / p.n / p.m;
        // end: place
        const stored* row = a + a_start(p, batch) + i * p.a_row;
        const stored* column = b + b_start(p, batch) + j * p.b_col;
        float sum = 0.0f;
        for (unsigned l = 0; l < p.k; l++)
            sum += to_f32(row[l * p.a_col]) * to_f32(column[l * p.b_row]);
        finish(p, batch, i, j, sum, bias, residual, c, activated);
    }
}
