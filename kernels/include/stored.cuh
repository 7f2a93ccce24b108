// Which floats a kernel's tensors are stored in: f32, or one of 16 bits. Arithmetic is f32 in all of
// them; what is read is widened, what is written is rounded once.
//
//   stored    the type of what a launch reads, and of what it writes beside it
//   result    the type of what it writes, where that differs: a gradient in f32 of factors in bf16
//
// The launch sets STORED and RESULT to the dtype's code where it is not f32: 1 bf16, 2 f16.
#pragma once
#include "bf16.cuh"

#ifndef STORED
#define STORED 0
#endif
#ifndef RESULT
#define RESULT 0
#endif

// region: types
template <int CODE> struct Float { using type = float; };
template <> struct Float<1> { using type = bf16; };
template <> struct Float<2> { using type = f16; };
using stored = Float<STORED>::type;
using result = Float<RESULT>::type;
// end: types

__device__ __forceinline__ float to_f32(float x) { return x; }

// Rounds to T; nothing is lost of a float.
template <typename T> __device__ __forceinline__ T from_f32(float x);
template <> __device__ __forceinline__ float from_f32<float>(float x) { return x; }
template <> __device__ __forceinline__ bf16 from_f32<bf16>(float x) { return to_bf16(x); }
template <> __device__ __forceinline__ f16 from_f32<f16>(float x) { return to_f16(x); }

// region: four
// Four neighbors, in one access: 16 bytes of f32, 8 of the others. p is aligned to them.
__device__ __forceinline__ float4 load4(const float* p) { return *(const float4*)p; }
template <typename T> __device__ __forceinline__ float4 load4(const T* p) {
    struct __align__(8) Four { T x, y, z, w; };
    Four four = *(const Four*)p;
    return make_float4(to_f32(four.x), to_f32(four.y), to_f32(four.z), to_f32(four.w));
}

__device__ __forceinline__ void store4(float* p, float4 x) { *(float4*)p = x; }
template <typename T> __device__ __forceinline__ void store4(T* p, float4 x) {
    struct __align__(8) Four { T x, y, z, w; };
    *(Four*)p = {from_f32<T>(x.x), from_f32<T>(x.y), from_f32<T>(x.z), from_f32<T>(x.w)};
}
// end: four

#if __CUDA_ARCH__ >= 800
// Two at a time: the card has an instruction for it.
__device__ __forceinline__ unsigned to_bf16_pair(float low, float high) {
    unsigned y;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(y) : "f"(high), "f"(low));
    return y;
}
__device__ __forceinline__ void store4(bf16* p, float4 x) {
    *(uint2*)p = make_uint2(to_bf16_pair(x.x, x.y), to_bf16_pair(x.z, x.w));
}
#endif
