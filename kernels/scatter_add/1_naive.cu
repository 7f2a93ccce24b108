// Scatter-add: out[i, index[i, j, k], k] += src[i, j, k], and so along any dimension.
//
// Idea: who adds first must not be left to chance, as atomic additions would. Two elements meet only if
// they stand in one column along d. So a thread owns a column, and walks along it from front to back: the
// same bits every time, and nobody else writes there. An index outside puts NaN into the first element of
// its column, so that it shows.
// Cost: one addition and 16 bytes an element of the index; out is a copy of x already. Neighbors own
// neighboring columns and read side by side. With few columns most of the card stands idle: rung 2.

#ifndef WG
#define WG 256
#endif

// Shape and strides are those of the columns: without the dimension that is walked along.
struct Params {
    unsigned shape[8];
    unsigned out_strides[8];
    unsigned index_strides[8];
    unsigned src_strides[8];
    unsigned columns;
    unsigned rank;
    unsigned n;      // elements of the index in a column
    unsigned known;  // an index from here on is outside: of i32, what is negative comes last
    unsigned out_step;
    unsigned index_step;
    unsigned src_step;
    unsigned index_offset;
    unsigned src_offset;
};

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG)
    scatter_add(const unsigned* index, const float* src, float* out, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t c = (size_t)blockIdx.x * WG + threadIdx.x; c < p.columns; c += step) {
        unsigned rest = (unsigned)c, to = 0, at = p.index_offset, from = p.src_offset;
        for (unsigned d = p.rank; d > 0; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned here = rest - quotient * p.shape[d - 1];
            to += here * p.out_strides[d - 1];
            at += here * p.index_strides[d - 1];
            from += here * p.src_strides[d - 1];
            rest = quotient;
        }
        // region: walk
        for (unsigned k = 0; k < p.n; k++) {
            unsigned id = index[at + k * p.index_step];
            if (id < p.known) {
                out[to + id * p.out_step] += src[from + k * p.src_step];
            } else {
                out[to] = __uint_as_float(0x7fc00000u);
            }
        }
        // end: walk
    }
}
