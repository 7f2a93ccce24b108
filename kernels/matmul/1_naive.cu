// Matrix multiply, the definition: one thread for each element of the result.
//
// Idea: thread (i, j) walks along row i of a and down column j of b.
// Cost: 2 m n k FLOPs, and 8 m n k bytes asked of the caches: every element of a is read n times,
// every element of b m times. Neighbouring threads compute neighbouring columns, so they read b side
// by side and share their element of a.
#include "matmul.cuh"

#ifndef WG
#define WG 256
#endif

extern "C" __global__ void __launch_bounds__(WG)
matmul(const float* a, const float* b, const float* bias, const float* residual, float* c,
       float* activated, Params p) {
    unsigned total = p.batches * p.m * p.n;
    for (unsigned e = blockIdx.x * WG + threadIdx.x; e < total; e += gridDim.x * WG) {
        unsigned j = e % p.n, i = e / p.n % p.m, batch = e / p.n / p.m;
        const float* row = a + a_start(p, batch) + i * p.a_row;
        const float* column = b + b_start(p, batch) + j * p.b_col;
        float sum = 0.0f;
        for (unsigned l = 0; l < p.k; l++) sum += row[l * p.a_col] * column[l * p.b_row];
        finish(p, batch, i, j, sum, bias, residual, c, activated);
    }
}
