// include: math
// Reduce: the sum, largest or smallest over some dimensions.
//
// Idea: one invocation an output element; it walks over the k inputs that fold into it. The reduced
// dimensions come last in `shape`: the first `kept` say which output, the others which term.
// Cost: n k FLOPs and 4 n k bytes. Good where many outputs lie side by side (sums of columns) and k
// is small. A sum of everything leaves all invocations but one idle.
// NaN spreads, in max and min too.

override WG: u32 = 256u;
override OP: u32 = 0u;

struct Params {
    shape: array<vec4<u32>, 2>,
    strides: array<vec4<u32>, 2>,
    n: u32,  // outputs
    k: u32,  // inputs folded into each
    kept: u32,
    rank: u32,
    offset: u32,
    scale: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

// Where index i of dimensions low .. high lies.
fn place(i: u32, low: u32, high: u32) -> u32 {
    if (low == high) {
        return 0u;
    }
    var rest = i;
    var at = 0u;
    for (var d = high; d > low + 1u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        at += (rest % size) * p.strides[e / 4u][e % 4u];
        rest /= size;
    }
    return at + rest * p.strides[low / 4u][low % 4u];
}

fn neutral() -> f32 {
    switch (OP) {
        case 0u: { return 0.0; }
        case 1u: { return from_bits(0xff800000u); }
        default: { return from_bits(0x7f800000u); }
    }
}

fn fold(a: f32, v: f32) -> f32 {
    switch (OP) {
        case 0u: { return a + v; }
        case 1u: { return max_nan(a, v); }
        default: { return min_nan(a, v); }
    }
}

@compute @workgroup_size(WG)
fn reduce(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    // region: walk
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        let first = p.offset + place(i, 0u, p.kept);
        var total = neutral();
        for (var j = 0u; j < p.k; j++) {
            total = fold(total, x[first + place(j, p.kept, p.rank)]);
        }
        out[i] = p.scale * total;
    }
    // end: walk
}
