// Column sums, the definition: one thread for each column walks down all rows.
//
// Cost: m n FLOPs, 4 m n bytes (2 m n in 16 bits). Neighboring threads read neighboring columns, so
// whole lines are used; but a matrix has few columns, and most of the card has nothing to do.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef ACCUMULATE
#define ACCUMULATE 0
#endif

struct Params {
    unsigned rows, columns;
};

extern "C" __global__ void __launch_bounds__(WG)
column_sum(const stored* x, float* out, Params p) {
    for (unsigned j = blockIdx.x * WG + threadIdx.x; j < p.columns; j += gridDim.x * WG) {
        float sum = 0.0f;
        for (unsigned i = 0; i < p.rows; i++) sum += to_f32(x[i * p.columns + j]);
        out[j] = ACCUMULATE ? out[j] + sum : sum;
    }
}
