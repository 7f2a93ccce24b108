// Gather: out[i, j, k] = x[i, index[i, j, k], k], and so along any dimension.
//
// Idea: one invocation an element of the output, which has the index's shape. All places but one are
// known from the invocation's own; the step along the gathered dimension is what the index says. Both
// operands may be any views: x is walked as if its gathered dimension had stride 0, and then taken
// `id * step` on. An index outside reads nothing and gives NaN in f32, all bits set in an integer.
// Cost: no FLOPs, 12 bytes an element if x's lines are used whole: neighbors along the last dimension
// read side by side, unless the gathered dimension is the last.

override WG: u32 = 256u;

struct Params {
    shape: array<vec4<u32>, 2>,
    x_strides: array<vec4<u32>, 2>,
    index_strides: array<vec4<u32>, 2>,
    n: u32,
    rank: u32,
    x_offset: u32,
    index_offset: u32,
    known: u32,    // an index from here on is outside: of i32, what is negative comes last
    step: u32,     // from one to the next along the gathered dimension of x
    missing: u32,  // the bits of an element that is not there
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

// Where element i of the output lies in x, but for the step along (x), and in the index (y).
fn places(i: u32) -> vec2<u32> {
    var rest = i;
    var at = vec2<u32>(p.x_offset, p.index_offset);
    for (var d = p.rank; d > 1u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        let here = rest % size;
        at += here * vec2<u32>(p.x_strides[e / 4u][e % 4u], p.index_strides[e / 4u][e % 4u]);
        rest /= size;
    }
    return at + rest * vec2<u32>(p.x_strides[0].x, p.index_strides[0].x);
}

@compute @workgroup_size(WG)
fn gather(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = invocation.x; i < p.n; i += groups.x * WG) {
        let at = places(i);
        let id = index[at.y];
        var word = p.missing;
        if (id < p.known) {
            word = x[at.x + id * p.step];
        }
        out[i] = word;
    }
}
