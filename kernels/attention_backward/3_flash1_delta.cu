// FlashAttention backward, first of three kernels: delta = rowsum(dO * O).
//
// Idea: the softmax's gradient is dS = P (dP - rowsum(P dP)), and rowsum(P dP) = rowsum(dO * O): a sum
// over head_dim instead of one over all keys, and O is there already.
// Cost: 2 FLOPs and two numbers read for each number of the output. A warp for each query.
#include "attention.cuh"
#include "reduce.cuh"
#include "stored.cuh"

// The params' `q` describes the output, their `out` its gradient.
extern "C" __global__ void delta(const stored* out, const stored* d_out, const StepState* state,
                                 float* of_rows, Params p) {
    unsigned rows = p.batch * p.heads * p.rows, lane = threadIdx.x % 32;
    unsigned first = (blockIdx.x * blockDim.x + threadIdx.x) / 32, step = gridDim.x * blockDim.x / 32;
    for (unsigned i = first; i < rows; i += step) {
        const stored* a = out + head_at(p.q, p, i / p.rows) + i % p.rows * p.q.row;
        const stored* b = d_out + head_at(p.out, p, i / p.rows) + i % p.rows * p.out.row;
        float sum = 0.0f;
        for (unsigned d = lane; d < p.dim; d += 32) sum += to_f32(a[d]) * to_f32(b[d]);
        sum = warp_sum(sum);
        if (lane == 0) of_rows[i] = sum;
    }
}
