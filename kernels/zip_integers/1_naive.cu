// Zip of integers: out[i] = f(a[i], b[i]) for two tensors of i32 or two of u32, with broadcasting.
//
// Idea: the walk of zip/1_naive, on words of 32 bits. Sums, differences and products wrap around, and
// are the same words whether these have a sign or not; order and quotients ask for it. Comparisons give
// 1 or 0 as f32, as those of floats do.
// A quotient is cut off towards 0. What has none is settled as in WGSL, on every machine alike: x / 0 is
// x, the least number over -1 is itself, and both leave no remainder.
// Cost: 12 bytes an element, as zip; a division of integers is some 20 instructions, hidden behind them.

#ifndef WG
#define WG 256
#endif
#ifndef OP
#define OP 0
#endif
#ifndef SIGNED
#define SIGNED 0
#endif

#if SIGNED
typedef int Whole;
#else
typedef unsigned Whole;
#endif

struct Params {
    unsigned shape[8];
    unsigned a_strides[8];
    unsigned b_strides[8];
    unsigned n;
    unsigned rank;
    unsigned a_offset;
    unsigned b_offset;
};

// True and false as the bits of an f32.
__device__ __forceinline__ unsigned truth(bool t) { return t ? 0x3f800000u : 0u; }

// b, or 1 where nothing can be divided by it.
__device__ __forceinline__ unsigned divisor(unsigned, unsigned b) { return b == 0 ? 1 : b; }
__device__ __forceinline__ int divisor(int a, int b) {
    return b == 0 || ((unsigned)a == 0x80000000u && b == -1) ? 1 : b;
}

__device__ __forceinline__ unsigned apply(unsigned x, unsigned y) {
    Whole a = (Whole)x, b = (Whole)y;
    switch (OP) {
        case 0: return x + y;
        case 1: return x - y;
        case 2: return x * y;
        case 3: return (unsigned)(a / divisor(a, b));
        case 4: return a > b ? x : y;
        case 5: return a < b ? x : y;
        case 7: return truth(a == b);
        case 8: return truth(a > b);
        case 9: return y == 0 ? 0 : x;
        case 10: return truth(a != b);
        case 11: return truth(a < b);
        case 12: return truth(a <= b);
        case 13: return truth(a >= b);
        default: return (unsigned)(a % divisor(a, b));
    }
}

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG)
    zip_integers(const unsigned* a, const unsigned* b, unsigned* out, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned rest = (unsigned)i, left = p.a_offset, right = p.b_offset;
        for (unsigned d = p.rank; d > 1; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned index = rest - quotient * p.shape[d - 1];
            left += index * p.a_strides[d - 1];
            right += index * p.b_strides[d - 1];
            rest = quotient;
        }
        out[i] = apply(a[left + rest * p.a_strides[0]], b[right + rest * p.b_strides[0]]);
    }
}
