// Zip of integers: out[i] = f(a[i], b[i]) for two tensors of i32 or two of u32, with broadcasting.
//
// Idea: the walk of zip/1_naive, on words of 32 bits. Sums, differences and products wrap around, and
// are the same words whether these have a sign or not; order and quotients ask for it. Comparisons give
// 1 or 0 as f32, as those of floats do. No word is ever an f32 on the way: a machine may take the small
// ones for 0.
// A quotient is cut off towards 0. What has none is settled as WGSL does, on every machine alike: x / 0
// is x, the least number over -1 is itself, and both leave no remainder.
// Cost: 12 bytes an element, as zip; a division of integers is some 20 instructions, hidden behind them.

override WG: u32 = 256u;
override OP: u32 = 0u;
override SIGNED: u32 = 0u;

struct Params {
    shape: array<vec4<u32>, 2>,
    a_strides: array<vec4<u32>, 2>,
    b_strides: array<vec4<u32>, 2>,
    n: u32,
    rank: u32,
    a_offset: u32,
    b_offset: u32,
}

@group(0) @binding(0) var<storage, read> a: array<u32>;
@group(0) @binding(1) var<storage, read> b: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

// Where element i lies in a (x) and in b (y).
fn places(i: u32) -> vec2<u32> {
    var rest = i;
    var at = vec2<u32>(p.a_offset, p.b_offset);
    for (var d = p.rank; d > 1u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        let index = rest % size;
        at += index * vec2<u32>(p.a_strides[e / 4u][e % 4u], p.b_strides[e / 4u][e % 4u]);
        rest /= size;
    }
    return at + rest * vec2<u32>(p.a_strides[0].x, p.b_strides[0].x);
}

// True and false as the bits of an f32.
fn truth(t: bool) -> u32 {
    return select(0u, 0x3f800000u, t);
}

// Whether x < y: the order of i32 is that of the words whose top bit is flipped.
fn below(x: u32, y: u32) -> bool {
    let flip = SIGNED << 31u;
    return (x ^ flip) < (y ^ flip);
}

// y, or 1 where nothing can be divided by it.
fn divisor(x: u32, y: u32) -> u32 {
    let none = y == 0u || (SIGNED == 1u && x == 0x80000000u && y == 0xffffffffu);
    return select(y, 1u, none);
}

fn quotient(x: u32, y: u32) -> u32 {
    if (SIGNED == 1u) {
        return bitcast<u32>(bitcast<i32>(x) / bitcast<i32>(y));
    }
    return x / y;
}

fn apply(x: u32, y: u32) -> u32 {
    switch (OP) {
        case 0u: { return x + y; }
        case 1u: { return x - y; }
        case 2u: { return x * y; }
        case 3u: { return quotient(x, divisor(x, y)); }
        case 4u: { return select(x, y, below(x, y)); }
        case 5u: { return select(y, x, below(x, y)); }
        case 7u: { return truth(x == y); }
        case 8u: { return truth(below(y, x)); }
        case 9u: { return select(x, 0u, y == 0u); }
        case 10u: { return truth(x != y); }
        case 11u: { return truth(below(x, y)); }
        case 12u: { return truth(!below(y, x)); }
        case 13u: { return truth(!below(x, y)); }
        default: {
            // Not `%`: Vulkan's remainder of negative numbers is undefined.
            let by = divisor(x, y);
            return x - by * quotient(x, by);
        }
    }
}

@compute @workgroup_size(WG)
fn zip_integers(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        let at = places(i);
        out[i] = apply(a[at.x], b[at.y]);
    }
}
