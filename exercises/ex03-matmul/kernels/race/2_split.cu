// A row times a matrix: c = a b with a [k], b [k, n] and c [n]. It is the product that a model makes of
// every layer for every token it writes.
//
// Idea: there is one row of results, and a thread for each of them would leave most of the card idle. So
// a block takes 32 columns and splits the terms among its 8 warps. 256 terms at a time, the numbers of a
// are brought into shared memory, since all warps need them. Warp s multiplies every eighth of them, and
// then the 8 sums of a column are added. They go where a was: its numbers are used up by then.
// Cost: 2 k n FLOPs, 4 k n bytes: every number of b is read once, and neighbors by neighbors.
// Expected gain over a thread for each column: up to eight times, where columns are few.

#define CHUNK 256

struct Params {
    unsigned n;  // columns of b
    unsigned k;  // rows of b
};

extern "C" __global__ void __launch_bounds__(CHUNK)
row_times_matrix(const float* a, const float* b, float* c, Params p) {
    __shared__ float numbers[CHUNK];
    unsigned index = threadIdx.x, lane = index % 32, split = index / 32;
    for (unsigned j0 = blockIdx.x * 32; j0 < p.n; j0 += gridDim.x * 32) {
        unsigned j = j0 + lane;
        float total = 0.0f;
        for (unsigned l0 = 0; l0 < p.k; l0 += CHUNK) {
            __syncthreads();  // all are done with the last sums
            numbers[index] = l0 + index < p.k ? a[l0 + index] : 0.0f;
            __syncthreads();  // all 256 numbers of a are there
            float sum = 0.0f;
            for (unsigned l = split; l < CHUNK; l += 8) {
                bool inside = l0 + l < p.k && j < p.n;
                float from_b = inside ? b[(l0 + l) * p.n + j] : 0.0f;
                sum += numbers[l] * from_b;
            }
            numbers[index] = sum;
            __syncthreads();  // all 8 sums of each column are there
            // Every warp adds them up, which takes no longer than if one did.
            for (unsigned s = 0; s < 8; s++) {
                total += numbers[s * 32 + lane];
            }
        }
        // All warps know all totals; each writes four of them.
        if (split == lane / 4 && j < p.n) {
            c[j] = total;
        }
    }
}
