// Matrix multiply, the definition: one thread for each element of the result.
//
// Idea: thread (i, j) walks along row i of a and down column j of b. Threads are counted down the rows
// of the result, one column after the other; nobody has asked yet how that lies in memory.
// Cost: 2 m n k FLOPs, and 8 m n k bytes asked of the caches: every element of a is read n times,
// every element of b m times. Worse is where they lie. The 32 threads of a warp stand in 32 rows of one
// column: they share their element of b, but their elements of a lie a whole row apart, and so do the
// results they store. Caches answer in sectors of 32 bytes: a step of a warp along k takes 33 of them
// (32 of a, 1 of b), and uses 4 bytes of each; the other 28 are for later steps, if they are still
// there by then.
// This is the foot of the ladder: every rung above is measured from here.
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
        unsigned i = e % p.m, j = e / p.m % p.n, batch = e / p.m / p.n;
        // end: place
        const stored* row = a + a_start(p, batch) + i * p.a_row;
        const stored* column = b + b_start(p, batch) + j * p.b_col;
        float sum = 0.0f;
        for (unsigned l = 0; l < p.k; l++)
            sum += to_f32(row[l * p.a_col]) * to_f32(column[l * p.b_row]);
        finish(p, batch, i, j, sum, bias, residual, c, activated);
    }
}
