// Philox4x32-10: random numbers that are a pure function of (counter, key).
//
// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A generator with a state
// would make thread 7 wait for thread 6; here every thread turns its own index into four random
// words with twenty multiplications, and backward draws dropout's mask again instead of storing it.
//
// The same words as crates/device/src/random.rs and shaders/include/philox.wgsl, bit for bit.
//
//   uint4 r = philox(make_uint4(index, step, op, 0), make_uint2(seed, 0));
//   bool keep = philox_uniform(r.x) >= p;
#pragma once

// Four random words for a counter under a key.
__device__ __forceinline__ uint4 philox(uint4 counter, uint2 key) {
    const unsigned multiplier_0 = 0xD2511F53u, multiplier_1 = 0xCD9E8D57u;
    const unsigned weyl_0 = 0x9E3779B9u, weyl_1 = 0xBB67AE85u;
#pragma unroll
    for (int round = 0; round < 10; round++) {
        unsigned high_0 = __umulhi(multiplier_0, counter.x), low_0 = multiplier_0 * counter.x;
        unsigned high_1 = __umulhi(multiplier_1, counter.z), low_1 = multiplier_1 * counter.z;
        counter = make_uint4(high_1 ^ counter.y ^ key.x, low_1, high_0 ^ counter.w ^ key.y, low_0);
        key = make_uint2(key.x + weyl_0, key.y + weyl_1);
    }
    return counter;
}

// A word as a float in [0, 1): its upper 24 bits, all that a float's mantissa can hold.
__device__ __forceinline__ float philox_uniform(unsigned word) {
    return (float)(word >> 8) * (1.0f / 16777216.0f);
}
