// Softmax of each row. A row of nothing but -inf (everything is masked) becomes zeros.
//
// Idea: a block for each row, three walks along it: the maximum, the sum of e^(x - max), the
// output. Each walk is shared by the threads of the block; block_max and block_sum bring their
// parts together.
// Cost: 25 FLOPs and 8 bytes an element, if the row stays in cache.
#include "reduce.cuh"

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned rows;
    unsigned width;
};

extern "C" __global__ void __launch_bounds__(WG) softmax(const float* x, float* out, Params p) {
    const unsigned lane = threadIdx.x;
    for (unsigned row = blockIdx.x; row < p.rows; row += gridDim.x) {
        const float* from = x + (size_t)row * p.width;
        float* to = out + (size_t)row * p.width;
        float mine = from[0];
        if (lane < p.width) mine = fmaxf(mine, from[lane]);
        float largest = block_max(mine);

        float sum = 0.0f;
        for (unsigned j = lane; j < p.width; j += WG) sum += expf(from[j] - largest);
        float total = block_sum(sum);

        float scale = 1.0f / total;
        for (unsigned j = lane; j < p.width; j += WG) to[j] = expf(from[j] - largest) * scale;
    }
}
