// Gradient of the position table, rung 1: one thread an element of the table.
//
// Idea: row t of every sequence took row t of the table, so its gradient is the sum over the batch.
// Each thread walks down its own column; neighbors read neighboring elements.
// Cost: one addition and 4 bytes an element of dy, or 2: bound by memory.
#include "stored.cuh"

struct Params {
    unsigned batch;
    unsigned rows;        // tokens of one sequence
    unsigned width;
    unsigned context;     // rows of the table
    unsigned accumulate;  // add to what the table's gradient holds
};

extern "C" __global__ void embedding_positions_backward(const stored* dy, float* dpositions, Params p) {
    size_t elements = (size_t)p.context * p.width, used = (size_t)p.rows * p.width;
    for (size_t e = blockIdx.x * (size_t)blockDim.x + threadIdx.x; e < elements; e += gridDim.x * (size_t)blockDim.x) {
        // region: sum
        float sum = 0.0f;
        if (e < used)
            for (unsigned b = 0; b < p.batch; b++) sum += to_f32(dy[b * used + e]);
        if (!p.accumulate) {
            dpositions[e] = sum;
        } else if (e < used) {
            dpositions[e] += sum;
        }
        // end: sum
    }
}
