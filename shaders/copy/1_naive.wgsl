// Copy between two layouts of one shape: what makes a transposed or broadcast view contiguous.
//
// Idea: element i (row-major) is taken apart into its indices by division, and put together again
// with each tensor's own strides. Dimensions that memory allows to merge were merged before the
// launch, so two contiguous tensors have rank 1 and nothing is divided.
// Cost: no FLOPs; reads and writes every element once, and about 2 integer divisions a dimension.
//
// Portable WGSL has no 16-bit storage: with SIZE = 2 one invocation writes a whole word, that is two
// elements, to a destination that is contiguous and starts at the binding's first byte.

override WG: u32 = 256u;
override SIZE: u32 = 4u;

struct Params {
    shape: array<vec4<u32>, 2>,
    from_strides: array<vec4<u32>, 2>,
    to_strides: array<vec4<u32>, 2>,
    n: u32,
    rank: u32,
    from_offset: u32,
    to_offset: u32,
}

@group(0) @binding(0) var<storage, read> src: array<u32>;
@group(0) @binding(1) var<storage, read_write> dst: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

// Where element i lies in the source (x) and in the destination (y).
fn places(i: u32) -> vec2<u32> {
    var rest = i;
    var at = vec2<u32>(p.from_offset, p.to_offset);
    for (var d = p.rank; d > 1u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        let index = rest % size;
        let strides = vec2<u32>(p.from_strides[e / 4u][e % 4u], p.to_strides[e / 4u][e % 4u]);
        at += index * strides;
        rest /= size;
    }
    // What is left is the first dimension's index: no division.
    return at + rest * vec2<u32>(p.from_strides[0].x, p.to_strides[0].x);
}

// The 16 bits of element i of the source.
fn half_word(i: u32) -> u32 {
    let at = places(i).x;
    return (src[at / 2u] >> (16u * (at % 2u))) & 0xffffu;
}

@compute @workgroup_size(WG)
fn copy(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let step = groups.x * WG;
    if (SIZE == 2u) {
        for (var w = id.x; w < (p.n + 1u) / 2u; w += step) {
            let low = half_word(2u * w);
            // The other half of the last word of an odd tensor is not ours: it stays.
            var high = dst[w] & 0xffff0000u;
            if (2u * w + 1u < p.n) {
                high = half_word(2u * w + 1u) << 16u;
            }
            dst[w] = low | high;
        }
    } else {
        // region: move
        for (var i = id.x; i < p.n; i += step) {
            let at = places(i);
            dst[at.y] = src[at.x];
        }
        // end: move
    }
}
