// include: math half
// Cast: every element converted to another dtype.
//
// Idea: one invocation writes one word: an element, or two where the output has 16 bits. The two
// dtypes are constants of the pipeline. Everything is done on bits, as WGSL promises neither
// denormals nor NaN nor a rounding mode. All roads lead through f32 or stay among integers:
//   float to 16 bits    rounds to nearest, ties to even; NaN stays NaN
//   float to integer    cuts the fraction off, saturates, NaN gives 0
//   integer to integer  keeps the bits, so -7 becomes 2^32 - 7
//   integer to 16 bits  by way of f32
// Cost: reads and writes each element once; bandwidth decides.

override WG: u32 = 256u;
// DType codes: 0 f32, 1 bf16, 2 f16, 3 i32, 4 u32.
override FROM: u32 = 0u;
override TO: u32 = 1u;

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

// The bits of element i: 32 of them, or 16 in the lower half.
fn element(i: u32) -> u32 {
    if (FROM == 1u || FROM == 2u) {
        return (x[i / 2u] >> (16u * (i % 2u))) & 0xffffu;
    }
    return x[i];
}

// An element's bits as the bits of an f32.
fn as_f32(bits: u32) -> u32 {
    switch (FROM) {
        case 1u: { return bits << 16u; }
        case 2u: { return f16_to_f32(bits); }
        case 3u: { return signed_to_f32(bits); }
        case 4u: { return unsigned_to_f32(bits); }
        default: { return bits; }
    }
}

fn as_i32(bits: u32) -> u32 {
    if (FROM == 4u) {
        return bits;
    }
    return f32_to_i32(as_f32(bits));
}

fn as_u32(bits: u32) -> u32 {
    if (FROM == 3u) {
        return bits;
    }
    return f32_to_u32(as_f32(bits));
}

// Element i, converted.
fn converted(i: u32) -> u32 {
    let bits = element(i);
    switch (TO) {
        case 0u: { return as_f32(bits); }
        case 1u: { return f32_to_bf16(as_f32(bits)); }
        case 2u: { return f32_to_f16(as_f32(bits)); }
        case 3u: { return as_i32(bits); }
        default: { return as_u32(bits); }
    }
}

@compute @workgroup_size(WG)
fn convert(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let step = groups.x * WG;
    if (TO == 1u || TO == 2u) {
        for (var w = id.x; w < (p.n + 1u) / 2u; w += step) {
            var word = converted(2u * w);
            if (2u * w + 1u < p.n) {
                word |= converted(2u * w + 1u) << 16u;
            }
            out[w] = word;
        }
    } else {
        for (var i = id.x; i < p.n; i += step) {
            out[i] = converted(i);
        }
    }
}
