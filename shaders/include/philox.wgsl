// Philox4x32-10: random numbers that are a pure function of (counter, key).
//
// Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011. A generator with a state
// would make invocation 7 wait for invocation 6; here every one turns its own index into four random
// words, and backward draws dropout's mask again instead of storing it.
//
// The same words as crates/device/src/random.rs and kernels/include/philox.cuh, bit for bit.
//
//   let r = philox(vec4<u32>(index, step, op, 0u), vec2<u32>(seed, 0u));
//   let keep = philox_uniform(r.x) >= p;

// The upper 32 bits of a 32 x 32 bit product. WGSL has no such instruction, so it is done as on
// paper, with 16-bit digits; no sum below exceeds 32 bits.
fn philox_multiply_high(a: u32, b: u32) -> u32 {
    let a_low = a & 0xffffu;
    let a_high = a >> 16u;
    let b_low = b & 0xffffu;
    let b_high = b >> 16u;
    let carry = a_high * b_low + ((a_low * b_low) >> 16u);
    let middle = a_low * b_high + (carry & 0xffffu);
    return a_high * b_high + (carry >> 16u) + (middle >> 16u);
}

// Four random words for a counter under a key.
fn philox(counter_in: vec4<u32>, key_in: vec2<u32>) -> vec4<u32> {
    let multiplier_0 = 0xD2511F53u;
    let multiplier_1 = 0xCD9E8D57u;
    var counter = counter_in;
    var key = key_in;
    for (var round = 0u; round < 10u; round++) {
        let high_0 = philox_multiply_high(multiplier_0, counter.x);
        let low_0 = multiplier_0 * counter.x;
        let high_1 = philox_multiply_high(multiplier_1, counter.z);
        let low_1 = multiplier_1 * counter.z;
        counter = vec4<u32>(high_1 ^ counter.y ^ key.x, low_1, high_0 ^ counter.w ^ key.y, low_0);
        key = key + vec2<u32>(0x9E3779B9u, 0xBB67AE85u);
    }
    return counter;
}

// A word as a float in [0, 1): its upper 24 bits, all that a float's mantissa can hold.
fn philox_uniform(word: u32) -> f32 {
    return f32(word >> 8u) * (1.0 / 16777216.0);
}
