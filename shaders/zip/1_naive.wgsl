// include: math
// Zip: out[i] = f(a[i], b[i]), with broadcasting. With OP = 0 and two contiguous tensors this is the
// first kernel everybody writes, the vector add.
//
// Idea: one invocation an element of the output, which is contiguous. A broadcast operand has stride
// 0 along its stretched dimensions: the same element is read again and again, from cache.
// Cost: 1 FLOP and 12 bytes an element (two reads, one write). Dimensions that merge in both operands
// were merged before the launch, so a vector add has rank 1: the loop in `places` does not run, no
// index is divided, and the kernel runs at the speed of memory: time = 12 n bytes / bandwidth.

override WG: u32 = 256u;
override OP: u32 = 0u;

// region: params
struct Params {
    shape: array<vec4<u32>, 2>,
    a_strides: array<vec4<u32>, 2>,
    b_strides: array<vec4<u32>, 2>,
    n: u32,
    rank: u32,
    a_offset: u32,
    b_offset: u32,
}
// end: params

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// Where element i lies in a (x) and in b (y).
fn places(i: u32) -> vec2<u32> {
    // region: place
    var rest = i;
    var at = vec2<u32>(p.a_offset, p.b_offset);
    for (var d = p.rank; d > 1u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        let index = rest % size;
        at += index * vec2<u32>(p.a_strides[e / 4u][e % 4u], p.b_strides[e / 4u][e % 4u]);
        rest /= size;
    }
    // What is left is the first dimension's index: no division.
    return at + rest * vec2<u32>(p.a_strides[0].x, p.b_strides[0].x);
    // end: place
}

fn apply(x: f32, y: f32) -> f32 {
    switch (OP) {
        case 0u: { return x + y; }
        case 1u: { return x - y; }
        case 2u: { return x * y; }
        case 3u: { return divided(x, y); }
        case 4u: { return max_nan(x, y); }
        case 5u: { return min_nan(x, y); }
        case 6u: { return pow_exact(x, y); }
        case 7u: { return select(0.0, 1.0, equal(x, y)); }
        case 8u: { return select(0.0, 1.0, above(x, y)); }
        case 9u: { return select(x, 0.0, equal(y, 0.0)); }
        case 10u: { return select(1.0, 0.0, equal(x, y)); }
        case 11u: { return select(0.0, 1.0, above(y, x)); }
        case 12u: { return select(0.0, 1.0, above(y, x) || equal(x, y)); }
        default: { return select(0.0, 1.0, above(x, y) || equal(x, y)); }
    }
}

// region: lanes
@compute @workgroup_size(WG)
fn zip(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        let at = places(i);
        out[i] = apply(a[at.x], b[at.y]);
    }
}
// end: lanes
