// FlashAttention backward, first of three kernels: delta = rowsum(dO * O).
//
// The softmax's gradient is dS = P (dP - rowsum(P dP)): a sum over all keys, and P is not stored.
// But dP = dO V^T and P V = O, so for one row
//
//   sum_j P_j dP_j  =  sum_j P_j sum_d dO_d V_jd  =  sum_d dO_d sum_j P_j V_jd  =  sum_d dO_d O_d
//
// Idea: a sum over head_dim instead of one over all keys, of two rows that are there already. A
// warp for each query: its 32 threads read neighbors, and warp_sum adds up what they have.
// Cost: 2 FLOPs and 8 bytes for each number of the output.
#include "attention.cuh"
#include "reduce.cuh"

// Where a row lies is said by views: head_at(view, p, bh) is the first element of head bh (counted
// over all batches), and view.row the step from row to row. The params' `q` describes the output
// here, their `out` its gradient; the two need not lie in memory alike.
extern "C" __global__ void delta(const float* out, const float* d_out, const StepState* state,
                                 float* of_rows, Params p) {
    unsigned rows = p.batch * p.heads * p.rows, lane = threadIdx.x % 32;
    unsigned first = (blockIdx.x * blockDim.x + threadIdx.x) / 32, step = gridDim.x * blockDim.x / 32;
    for (unsigned i = first; i < rows; i += step) {
        unsigned bh = i / p.rows, row = i % p.rows;
        // TODO, about 6 lines: Row `row` of head `bh` of out times that of d_out, added
        //   up by the 32 threads of the warp (warp_sum gives all of them the sum), into of_rows[i].
    }
}
