// The norm of the whole gradient, rung 1: two stages, the same bits every time.
//
// Idea: a sum over millions of numbers needs many blocks, and blocks cannot wait for each other. So
// each leaves one partial sum, and a second, tiny launch adds those. An atomic addition would save
// the second launch and lose the order: another sum on every run.
// Cost: 2 FLOPs and 4 bytes an element: bound by memory.
#include "reduce.cuh"

struct Params {
    unsigned n;       // elements
    unsigned groups;  // blocks of the first stage, and partial sums
};

// Stage 1: block b adds the squares of elements b*256, b*256+1, ... and walks on by the grid's width.
extern "C" __global__ void norm_partials(const float* input, float* output, Params p) {
    float sum = 0.0f;
    for (size_t i = blockIdx.x * (size_t)blockDim.x + threadIdx.x; i < p.n; i += gridDim.x * (size_t)blockDim.x)
        sum += input[i] * input[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) output[blockIdx.x] = sum;
}

// Stage 2, one block: adds the partial sums and takes the root.
extern "C" __global__ void norm_finish(const float* input, float* output, Params p) {
    float sum = 0.0f;
    for (unsigned i = threadIdx.x; i < p.groups; i += blockDim.x) sum += input[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) output[0] = sqrtf(sum);
}
