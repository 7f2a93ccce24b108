// Scatter-add, rung 2: a column is cut into pieces that are walked at the same time.
//
// Idea: with one column rung 1 is one thread, however long the index. Here the index's column is cut into
// pieces, and each has sums of its own for all that it may add to. Three launches: the sums are set to 0
// (`clear`), each thread walks its piece and adds there (`walk`), and each element of out adds up the sums
// of all pieces, from the first to the last (`join`). The cut depends on shapes alone: the same bits every
// time, though not always those of rung 1, which adds in another order.
// Cost: rung 1's, and for each piece 12 bytes an element of out's column. There are as many pieces as let
// this stay below eight times what the index has, so the cost still grows like the index.
// Expected gain: for one column of a million, 16,384 walks of 64 where there was one of a million.

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
    unsigned n;       // elements of the index in a column
    unsigned size;    // elements of out in a column
    unsigned known;   // an index from here on is outside: of i32, what is negative comes last
    unsigned out_step;
    unsigned index_step;
    unsigned src_step;
    unsigned index_offset;
    unsigned src_offset;
    unsigned pieces;
    unsigned length;  // elements of the index in a piece
};

extern "C" __global__ void __launch_bounds__(WG) clear(float* zeros, const __grid_constant__ Params p) {
    size_t all = (size_t)p.size * p.pieces * p.columns, step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < all; i += step) zeros[i] = 0.0f;
}

extern "C" __global__ void __launch_bounds__(WG)
    walk(const unsigned* index, const float* src, float* sums, const __grid_constant__ Params p) {
    unsigned lanes = p.pieces * p.columns;
    for (unsigned i = blockIdx.x * WG + threadIdx.x; i < lanes; i += gridDim.x * WG) {
        unsigned piece = i / p.columns, rest = i % p.columns, at = p.index_offset, from = p.src_offset;
        for (unsigned d = p.rank; d > 0; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned here = rest - quotient * p.shape[d - 1];
            at += here * p.index_strides[d - 1];
            from += here * p.src_strides[d - 1];
            rest = quotient;
        }
        // region: piece
        unsigned end = min(p.n, (piece + 1) * p.length);
        for (unsigned k = piece * p.length; k < end; k++) {
            unsigned id = index[at + k * p.index_step];
            if (id < p.known) {
                sums[(size_t)id * lanes + i] += src[from + k * p.src_step];
            } else {
                sums[i] = __uint_as_float(0x7fc00000u);
            }
        }
        // end: piece
    }
}

extern "C" __global__ void __launch_bounds__(WG)
    join(const float* all_sums, float* out, const __grid_constant__ Params p) {
    size_t all = (size_t)p.size * p.columns, step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < all; i += step) {
        unsigned id = (unsigned)(i / p.columns), column = (unsigned)(i % p.columns);
        float sum = 0.0f;
        for (unsigned piece = 0; piece < p.pieces; piece++) {
            sum += all_sums[((size_t)id * p.pieces + piece) * p.columns + column];
        }
        unsigned rest = column, to = id * p.out_step;
        for (unsigned d = p.rank; d > 0; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            to += (rest - quotient * p.shape[d - 1]) * p.out_strides[d - 1];
            rest = quotient;
        }
        out[to] += sum;
    }
}
