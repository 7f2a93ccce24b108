// Cast: every element converted to another dtype.
//
// Idea: one thread an element; the two dtypes are compile-time constants, so that each pair is a
// kernel of its own. All roads lead through f32 or stay among integers:
//   float to 16 bits    rounds to nearest, ties to even; NaN stays NaN
//   float to integer    cuts the fraction off, saturates, NaN gives 0
//   integer to integer  keeps the bits, so -7 becomes 2^32 - 7
//   integer to 16 bits  by way of f32
// Cost: reads and writes each element once; bandwidth decides.

#include "bf16.cuh"

#ifndef WG
#define WG 256
#endif
// DType codes: 0 f32, 1 bf16, 2 f16, 3 i32, 4 u32.
#ifndef FROM
#define FROM 0
#endif
#ifndef TO
#define TO 1
#endif

template <int CODE> struct Type { typedef float T; };
template <> struct Type<1> { typedef bf16 T; };
template <> struct Type<2> { typedef f16 T; };
template <> struct Type<3> { typedef int T; };
template <> struct Type<4> { typedef unsigned T; };
typedef Type<FROM>::T From;
typedef Type<TO>::T To;

struct Params {
    unsigned n;
};

__device__ __forceinline__ float to_f32(float x) { return x; }
__device__ __forceinline__ float to_f32(int x) { return (float)x; }
__device__ __forceinline__ float to_f32(unsigned x) { return (float)x; }

__device__ __forceinline__ void put(float* out, float x) { *out = x; }
__device__ __forceinline__ void put(bf16* out, float x) { *out = to_bf16(x); }
__device__ __forceinline__ void put(f16* out, float x) { *out = to_f16(x); }
// The hardware's conversion saturates already; NaN is asked for by name.
__device__ __forceinline__ void put(int* out, float x) { *out = x != x ? 0 : __float2int_rz(x); }
__device__ __forceinline__ void put(unsigned* out, float x) {
    *out = x != x ? 0u : __float2uint_rz(x);
}

template <class A, class B> __device__ __forceinline__ void change(A x, B* out) {
    put(out, to_f32(x));
}
__device__ __forceinline__ void change(int x, unsigned* out) { *out = (unsigned)x; }
__device__ __forceinline__ void change(unsigned x, int* out) { *out = (int)x; }

extern "C" __global__ void __launch_bounds__(WG) convert(const From* x, To* out, Params p) {
    size_t step = (size_t)gridDim.x * WG;
    for (size_t i = (size_t)blockIdx.x * WG + threadIdx.x; i < p.n; i += step) {
        change(x[i], out + i);
    }
}
