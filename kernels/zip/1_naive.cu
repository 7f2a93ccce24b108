// Zip: out[i] = f(a[i], b[i]), with broadcasting. With OP = 0 and two contiguous tensors this is the
// first kernel everybody writes, the vector add.
//
// Idea: one thread an element of the output, which is contiguous. A broadcast operand has stride 0
// along its stretched dimensions: the same element is read again and again, from cache.
// Cost: 1 FLOP and 12 bytes an element (two reads, one write). Dimensions that merge in both operands
// were merged before the launch, so a vector add has rank 1: the loop below does not run, no index is
// divided, and the kernel runs at the speed of memory. That is the prediction to check: time = 12 n
// bytes / bandwidth. Operands in 16 bits are widened, and the result is rounded; the answer of a
// comparison is f32 all the same, a type of its own.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef OP
#define OP 0
#endif

// region: params
struct Params {
    unsigned shape[8];
    unsigned a_strides[8];
    unsigned b_strides[8];
    unsigned n;
    unsigned rank;
    unsigned a_offset;
    unsigned b_offset;
};
// end: params

// NaN where either is NaN, in max and min too (fmaxf would drop it). Of comparisons only `!=` is true then.
__device__ __forceinline__ float apply(float a, float b) {
    switch (OP) {
        case 0: return a + b;
        case 1: return a - b;
        case 2: return a * b;
        case 3: return a / b;
        case 4: return a > b || a != a ? a : b;
        case 5: return a < b || a != a ? a : b;
        case 6: return powf(a, b);
        case 7: return a == b ? 1.0f : 0.0f;
        case 8: return a > b ? 1.0f : 0.0f;
        case 9: return b == 0.0f ? 0.0f : a;
        case 10: return a != b ? 1.0f : 0.0f;
        case 11: return a < b ? 1.0f : 0.0f;
        case 12: return a <= b ? 1.0f : 0.0f;
        default: return a >= b ? 1.0f : 0.0f;
    }
}

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
// region: lanes
extern "C" __global__ void __launch_bounds__(WG)
    zip(const stored* a, const stored* b, result* out, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        // region: place
        unsigned rest = (unsigned)i, left = p.a_offset, right = p.b_offset;
        for (unsigned d = p.rank; d > 1; d--) {
            unsigned quotient = rest / p.shape[d - 1];
            unsigned index = rest - quotient * p.shape[d - 1];
            left += index * p.a_strides[d - 1];
            right += index * p.b_strides[d - 1];
            rest = quotient;
        }
        // end: place
        float x = to_f32(a[left + rest * p.a_strides[0]]);
        float y = to_f32(b[right + rest * p.b_strides[0]]);
        out[i] = from_f32<result>(apply(x, y));
    }
}
// end: lanes
