// Reduce: the sum, largest or smallest over some dimensions.
//
// Idea: one thread an output element; it walks over the k inputs that fold into it. The reduced
// dimensions come last in `shape`: the first `kept` say which output, the others which term.
// Cost: n k FLOPs and 4 n k bytes (2 n k in 16 bits). Good where many outputs lie side by side
// (sums of columns: the threads read side by side too) and k is small. A sum of everything leaves
// all threads but one idle. NaN spreads, in max and min too. A sum is f32 until it is stored.
#include "stored.cuh"

#ifndef WG
#define WG 256
#endif
#ifndef OP
#define OP 0
#endif

struct Params {
    unsigned shape[8];
    unsigned strides[8];
    unsigned n;  // outputs
    unsigned k;  // inputs folded into each
    unsigned kept;
    unsigned rank;
    unsigned offset;
    float scale;
};

// Where index i of dimensions low .. high lies.
__device__ __forceinline__ unsigned place(const Params& p, unsigned i, unsigned low, unsigned high) {
    if (low == high) return 0;
    unsigned at = 0;
    for (unsigned d = high; d > low + 1; d--) {
        unsigned quotient = i / p.shape[d - 1];
        at += (i - quotient * p.shape[d - 1]) * p.strides[d - 1];
        i = quotient;
    }
    return at + i * p.strides[low];
}

__device__ __forceinline__ float neutral() {
    return OP == 0 ? 0.0f : __uint_as_float(OP == 1 ? 0xff800000u : 0x7f800000u);
}

__device__ __forceinline__ float fold(float a, float x) {
    if (OP == 0) return a + x;
    if (OP == 1) return x > a || x != x ? x : a;
    return x < a || x != x ? x : a;
}

// __grid_constant__: the params are indexed in a loop, and would otherwise be copied to each thread.
extern "C" __global__ void __launch_bounds__(WG) reduce(const stored* x, result* out, const __grid_constant__ Params p) {
    size_t step = (size_t)gridDim.x * WG;
    // region: walk
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        unsigned first = p.offset + place(p, (unsigned)i, 0, p.kept);
        float total = neutral();
        for (unsigned j = 0; j < p.k; j++) {
            total = fold(total, to_f32(x[first + place(p, j, p.kept, p.rank)]));
        }
        out[i] = from_f32<result>(p.scale * total);
    }
    // end: walk
}
