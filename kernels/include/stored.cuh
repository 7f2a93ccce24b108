// The types that a kernel's operands and results are stored in, chosen by -D: 0 f32, 1 bf16, 2 f16.
// Arithmetic is f32.
#pragma once
#include "bf16.cuh"

#ifndef STORED
#define STORED 0
#endif
#ifndef RESULT
#define RESULT 0
#endif
#if STORED == 0
typedef float stored;
#elif STORED == 1
typedef bf16 stored;
#else
typedef f16 stored;
#endif
#if RESULT == 0
typedef float result;
#elif RESULT == 1
typedef bf16 result;
#else
typedef f16 result;
#endif

__device__ __forceinline__ float to_f32(float x) { return x; }
template <typename T> __device__ __forceinline__ T from_f32(float x);
template <> __device__ __forceinline__ float from_f32<float>(float x) { return x; }
template <> __device__ __forceinline__ bf16 from_f32<bf16>(float x) { return to_bf16(x); }
template <> __device__ __forceinline__ f16 from_f32<f16>(float x) { return to_f16(x); }

__device__ __forceinline__ float4 load4(const float* p) { return *(const float4*)p; }
__device__ __forceinline__ void store4(float* p, float4 x) { *(float4*)p = x; }
template <typename T> __device__ __forceinline__ float4 load4(const T* p) {
    struct __align__(8) Four { T x, y, z, w; } v = *(const Four*)p;
    return make_float4(to_f32(v.x), to_f32(v.y), to_f32(v.z), to_f32(v.w));
}
template <typename T> __device__ __forceinline__ void store4(T* p, float4 x) {
    struct __align__(8) Four { T x, y, z, w; };
    *(Four*)p = Four{from_f32<T>(x.x), from_f32<T>(x.y), from_f32<T>(x.z), from_f32<T>(x.w)};
}
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
