// The two 16-bit floats, as bits, and their conversions to and from f32.
//
//   f32   1 sign   8 exponent   23 mantissa
//   bf16  1 sign   8 exponent    7 mantissa    f32 with its lower half cut off: same range
//   f16   1 sign   5 exponent   10 mantissa    finer, but overflows beyond 65504
//
// NVIDIA's own cuda_bf16.h comes with the CUDA toolkit; a reader who has only a driver and NVRTC
// does not have it. These lines are all that kernels need of it.
#pragma once

struct bf16 { unsigned short bits; };
struct f16 { unsigned short bits; };

// Exact: bf16 is the upper half of an f32.
__device__ __forceinline__ float to_f32(bf16 x) { return __uint_as_float((unsigned)x.bits << 16); }

// Exact: every f16, subnormals included, is an f32.
__device__ __forceinline__ float to_f32(f16 x) {
    float y;
    asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x.bits));
    return y;
}

// Rounds to the nearest bf16, ties to even. Adding 0x7fff carries into the upper half when the lower
// half is above the middle; adding the upper half's last bit makes the exact middle carry only where
// that makes the result even.
__device__ __forceinline__ bf16 to_bf16(float x) {
    unsigned bits = __float_as_uint(x);
    bf16 y;
    if ((bits & 0x7fffffffu) > 0x7f800000u) {
        // Not a number: rounding could carry into an infinity. Set the quiet bit instead.
        y.bits = (unsigned short)((bits >> 16) | 0x40u);
    } else {
        y.bits = (unsigned short)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
    }
    return y;
}

// Rounds to the nearest f16, ties to even; beyond 65504 to infinity. The exponents differ, so the
// bits cannot simply be cut: the card has an instruction for it.
__device__ __forceinline__ f16 to_f16(float x) {
    f16 y;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y.bits) : "f"(x));
    return y;
}
