// Triangle: the part of each matrix on and below a diagonal, or on and above it; the rest is 0.
//
// Idea: one thread an element of the output. Row and column are what two divisions leave of its index;
// the diagonal is column - row, asked for without a negative number: how far it is moved to the right, or
// how far down. What is left out is not read, so no NaN comes through.
// Cost: no FLOPs; 4 bytes written an element, and 4 read of every other one.

#ifndef WG
#define WG 256
#endif
#ifndef UPPER
#define UPPER 0
#endif

// The last two dimensions of the shape are rows and columns.
struct Params {
    unsigned shape[8];
    unsigned strides[8];
    unsigned n;
    unsigned rank;
    unsigned offset;
    unsigned right;  // the diagonal begins so many columns to the right,
    unsigned down;   // or so many rows down
};

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG)
    triangle(const unsigned* x, unsigned* out, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    unsigned rows = p.shape[p.rank - 2], columns = p.shape[p.rank - 1];
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned column = (unsigned)i % columns, row = (unsigned)i / columns % rows;
        bool kept = UPPER ? column + p.down >= row + p.right : column + p.down <= row + p.right;
        unsigned rest = (unsigned)i, at = p.offset;
        for (unsigned d = p.rank; d > 1; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            at += (rest - quotient * p.shape[d - 1]) * p.strides[d - 1];
            rest = quotient;
        }
        out[i] = kept ? x[at + rest * p.strides[0]] : 0u;
    }
}
