// Where: out[i] = cond[i] ? a[i] : b[i], with broadcasting.
//
// Idea: zip with a third operand. What is chosen is moved, not computed: both sides are words, so any
// dtype of 32 bits comes through with its bits unchanged, and nothing of the other side (0 times
// infinity would be NaN). A condition is a word, too: true unless it is 0, where of an f32 the sign does
// not count. So NaN is true, -0 is not, and a number too small to be normal is true on every card.
// Cost: no FLOPs, 12 to 16 bytes an element: the side that is not chosen need not be read, but shares
// its cache line with what is.

override WG: u32 = 256u;

struct Params {
    shape: array<vec4<u32>, 2>,
    cond_strides: array<vec4<u32>, 2>,
    a_strides: array<vec4<u32>, 2>,
    b_strides: array<vec4<u32>, 2>,
    n: u32,
    rank: u32,
    cond_offset: u32,
    a_offset: u32,
    b_offset: u32,
    mask: u32,  // the bits of a condition that count
}

@group(0) @binding(0) var<storage, read> cond: array<u32>;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;
@group(0) @binding(4) var<uniform> p: Params;

// Where element i lies in cond (x), in a (y) and in b (z).
fn places(i: u32) -> vec3<u32> {
    var rest = i;
    var at = vec3<u32>(p.cond_offset, p.a_offset, p.b_offset);
    for (var d = p.rank; d > 1u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        at += (rest % size) * vec3<u32>(
            p.cond_strides[e / 4u][e % 4u], p.a_strides[e / 4u][e % 4u], p.b_strides[e / 4u][e % 4u]
        );
        rest /= size;
    }
    return at + rest * vec3<u32>(p.cond_strides[0].x, p.a_strides[0].x, p.b_strides[0].x);
}

// `where` is a reserved word.
@compute @workgroup_size(WG)
fn choose(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        let at = places(i);
        if ((cond[at.x] & p.mask) != 0u) {
            out[i] = a[at.y];
        } else {
            out[i] = b[at.z];
        }
    }
}
