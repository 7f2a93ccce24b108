// Where: out[i] = cond[i] ? a[i] : b[i], with broadcasting.
//
// Idea: zip with a third operand. What is chosen is moved, not computed: both sides are words, so any
// dtype of 32 bits comes through with its bits unchanged, and nothing of the other side (0 times
// infinity would be NaN). A condition is a word, too: true unless it is 0, where of an f32 the sign does
// not count. So NaN is true, -0 is not, and a number too small to be normal is true on every card.
// Cost: no FLOPs, 12 to 16 bytes an element: the side that is not chosen is not read, but shares its
// cache line with what is.

#ifndef WG
#define WG 256
#endif

struct Params {
    unsigned shape[8];
    unsigned cond_strides[8];
    unsigned a_strides[8];
    unsigned b_strides[8];
    unsigned n;
    unsigned rank;
    unsigned cond_offset;
    unsigned a_offset;
    unsigned b_offset;
    unsigned mask;  // the bits of a condition that count
};

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG)
    choose(const unsigned* cond, const unsigned* a, const unsigned* b, unsigned* out,
           const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned rest = (unsigned)i, at = p.cond_offset, left = p.a_offset, right = p.b_offset;
        for (unsigned d = p.rank; d > 1; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned index = rest - quotient * p.shape[d - 1];
            at += index * p.cond_strides[d - 1];
            left += index * p.a_strides[d - 1];
            right += index * p.b_strides[d - 1];
            rest = quotient;
        }
        bool yes = (cond[at + rest * p.cond_strides[0]] & p.mask) != 0;
        out[i] = yes ? a[left + rest * p.a_strides[0]] : b[right + rest * p.b_strides[0]];
    }
}
