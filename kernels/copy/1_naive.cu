// Copy between two layouts of one shape: what makes a transposed or broadcast view contiguous.
//
// Idea: element i (row-major) is taken apart into its indices by division, and put together again
// with each tensor's own strides. Dimensions that memory allows to merge were merged before the
// launch, so two contiguous tensors have rank 1 and nothing is divided.
// Cost: no FLOPs; reads and writes every element once. About 2 integer divisions a dimension, some
// 40 instructions each, hidden behind memory. A transpose reads with large strides: each 4-byte
// element costs a 32-byte sector, which a later rung mends with tiles in shared memory.

#ifndef WG
#define WG 256
#endif
#ifndef SIZE
#define SIZE 4
#endif

#if SIZE == 2
typedef unsigned short Element;
#else
typedef unsigned Element;
#endif

struct Params {
    unsigned shape[8];
    unsigned from_strides[8];
    unsigned to_strides[8];
    unsigned n;
    unsigned rank;
    unsigned from_offset;
    unsigned to_offset;
};

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG) copy(const Element* src, Element* dst, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    // region: move
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned rest = (unsigned)i, from = p.from_offset, to = p.to_offset;
        for (unsigned d = p.rank; d > 1; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned index = rest - quotient * p.shape[d - 1];
            from += index * p.from_strides[d - 1];
            to += index * p.to_strides[d - 1];
            rest = quotient;
        }
        // What is left is the first dimension's index: no division.
        dst[to + rest * p.to_strides[0]] = src[from + rest * p.from_strides[0]];
    }
    // end: move
}
