// The order in which the largest come first: a number that grows as f32 get smaller.
#pragma once

// 0 for NaN, then from infinity down to -infinity, by the bits of an f32; both zeros are one.
__device__ __forceinline__ unsigned rank(unsigned bits) {
    unsigned size = bits & 0x7fffffffu;
    if (size > 0x7f800000u) return 0;
    return bits > 0x7fffffffu ? 0x7fffffffu + size : 0x7fffffffu - size;
}

// Whether a comes before b: by rank, then by place.
__device__ __forceinline__ bool before(uint2 a, uint2 b) { return a.x < b.x || (a.x == b.x && a.y < b.y); }
