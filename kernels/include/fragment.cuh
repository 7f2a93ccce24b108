// What an epilogue reads from memory, as the matrix instructions would have left it in registers.
//
// Four neighboring threads (a quad) share a row: of every 8 columns, thread t of them has 2 t and the
// next. In f32 that is 8 bytes, and 32 for the quad: a sector. In 16 bits it is 4 and 16, half a sector.
// So there thread t loads all 8 columns of the t-th of four such groups, 16 bytes, the quad two whole
// sectors, and then the quad turns what it has.
#pragma once
#include "stored.cuh"

// A thread's share of 32 columns of a row: columns 8 q + 2 t and the next, for q = 0..3.
struct Share { float2 pair[4]; };

#if RESULT != 0
// Rounds two results into a word, the first in its lower half.
__device__ __forceinline__ unsigned pack(float x, float y) {
    unsigned word;
#if RESULT == 1
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(y), "f"(x));
#else
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(y), "f"(x));
#endif
    return word;
}
__device__ __forceinline__ float2 unpack(unsigned word) {
    result low = {(unsigned short)word}, high = {(unsigned short)(word >> 16)};
    return make_float2(to_f32(low), to_f32(high));
}

// region: turn
// Turns a 4 x 4 square whose rows are a quad's threads: word q of thread t becomes word t of thread q.
// First neighbors exchange within 2 x 2 squares, then the squares of the other diagonal.
__device__ __forceinline__ void turn(unsigned (&word)[4]) {
    unsigned t = threadIdx.x % 4;
#pragma unroll
    for (unsigned step = 1; step <= 2; step *= 2) {
#pragma unroll
        for (unsigned q = 0; q < 4; q++) {
            if (q & step) continue;
            bool upper = t & step;
            unsigned got = __shfl_xor_sync(0xffffffffu, upper ? word[q] : word[q + step], step);
            if (upper) word[q] = got;
            else word[q + step] = got;
        }
    }
}
// end: turn
#endif

// What lies in memory, not yet turned: loads of several can be under way.
#if RESULT == 0
struct Loaded { float2 pair[4]; };
#else
struct Loaded { uint4 words; };
#endif

// This thread's part of the 32 elements at `from`, of which `count` are there (a multiple of 8, or none
// at all: less than 0 too). Elements are aligned to 8 bytes in f32, to 16 in 16 bits.
__device__ __forceinline__ Loaded fetch(const result* from, int count) {
    int t = threadIdx.x % 4;
    Loaded x = {};
#if RESULT == 0
#pragma unroll
    for (int q = 0; q < 4; q++)
        if (8 * q < count) x.pair[q] = *(const float2*)(from + 8 * q + 2 * t);
#else
    if (8 * t < count) x.words = *(const uint4*)(from + 8 * t);
#endif
    return x;
}

// The share of it that belongs to this thread's sums. Every thread of the warp calls it.
__device__ __forceinline__ Share share_of(Loaded x) {
    Share share;
#if RESULT == 0
#pragma unroll
    for (int q = 0; q < 4; q++) share.pair[q] = x.pair[q];
#else
    unsigned word[4] = {x.words.x, x.words.y, x.words.z, x.words.w};
    turn(word);
#pragma unroll
    for (int q = 0; q < 4; q++) share.pair[q] = unpack(word[q]);
#endif
    return share;
}
