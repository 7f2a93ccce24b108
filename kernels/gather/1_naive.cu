// Gather: out[i, j, k] = x[i, index[i, j, k], k], and so along any dimension.
//
// Idea: one thread an element of the output, which has the index's shape. All places but one are known
// from the thread's own; the step along the gathered dimension is what the index says. Both operands may
// be any views: x is walked as if its gathered dimension had stride 0, and then taken `id * step` on.
// An index outside reads nothing and gives NaN in f32, all bits set in an integer.
// Cost: no FLOPs, 12 bytes an element if x's lines are used whole: neighbors along the last dimension
// read side by side, unless the gathered dimension is the last.

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned shape[8];
    unsigned x_strides[8];
    unsigned index_strides[8];
    unsigned n;
    unsigned rank;
    unsigned x_offset;
    unsigned index_offset;
    unsigned known;    // an index from here on is outside: of i32, what is negative comes last
    unsigned step;     // from one to the next along the gathered dimension of x
    unsigned missing;  // the bits of an element that is not there
};

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG)
    gather(const unsigned* x, const unsigned* index, unsigned* out, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned rest = (unsigned)i, at = p.x_offset, place = p.index_offset;
        for (unsigned d = p.rank; d > 1; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned here = rest - quotient * p.shape[d - 1];
            at += here * p.x_strides[d - 1];
            place += here * p.index_strides[d - 1];
            rest = quotient;
        }
        unsigned id = index[place + rest * p.index_strides[0]];
        out[i] = id < p.known ? x[at + rest * p.x_strides[0] + id * p.step] : p.missing;
    }
}
