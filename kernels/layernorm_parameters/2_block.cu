// LayerNorm backward, the second stage of the parameters' gradients: adds up what
// layernorm_backward/2_block left for each chunk of rows, `partial_sums[chunks][2][width]`.
//
// Idea: a block takes 32 columns with 8 threads each. Thread y of a column adds every eighth chunk,
// then the first adds the eight, always in the same order. `accumulate` adds to what is there: a
// model's gradients gather in its arena without a kernel of their own.
// Cost: 1 FLOP and 4 bytes for each number of `partial_sums`, a tenth of what the first stage moves or
// less, but a quarter of its time at 8192 rows of 384: 24 blocks leave most of the card idle.
// Expected gain over naive: every column has 8 threads, and there are chunks instead of rows to add.

struct Params {
    unsigned chunks;
    unsigned width;
    unsigned accumulate;  // 1: add to what is there
};

extern "C" __global__ void __launch_bounds__(256)
    layernorm_parameters(const float* partial_sums, float* dgamma, float* dbeta, Params p) {
    __shared__ float sums[8][32];
    unsigned x = threadIdx.x % 32, y = threadIdx.x / 32, j = blockIdx.x * 32 + x;
    // region: stage
    float sum = 0.0f;
    if (j < 2 * p.width) {
        for (unsigned c = y; c < p.chunks; c += 8) sum += partial_sums[(size_t)c * 2 * p.width + j];
    }
    sums[y][x] = sum;
    __syncthreads();
    if (y == 0 && j < 2 * p.width) {
        for (unsigned i = 1; i < 8; i++) sum += sums[i][x];
        float* to = j < p.width ? dgamma + j : dbeta + (j - p.width);
        *to = p.accumulate ? *to + sum : sum;
    }
    // end: stage
}
