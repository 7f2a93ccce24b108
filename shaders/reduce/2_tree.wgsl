// include: math
// Reduce by a tree: many invocations share one output.
//
// Idea: a workgroup serves COLS outputs with WG / COLS invocations each. Every invocation folds its
// share of the terms; then the upper half hands its results to the lower half, in workgroup memory,
// until one row of COLS is left: log2(WG / COLS) rounds instead of WG / COLS steps.
//   COLS = 1   outputs are rows: the invocations of a workgroup read one row side by side.
//   COLS = 32  outputs are columns: 32 neighboring invocations read 32 neighboring columns.
// Where there are few outputs and many terms, `parts` workgroups share an output, each taking
// `length` terms; a second launch folds the parts. The split depends on the shape alone.
// Cost: as naive, n k FLOPs and 4 n k bytes. Expected gain: a sum of everything uses the whole GPU
// instead of one invocation; sums of rows read whole cache lines. Sums are more exact too: each
// invocation adds up only k / (parts WG / COLS) terms.

override WG: u32 = 256u;
override OP: u32 = 0u;
override COLS: u32 = 1u;

struct Params {
    shape: array<vec4<u32>, 2>,
    strides: array<vec4<u32>, 2>,
    n: u32,  // outputs
    k: u32,  // inputs folded into each
    kept: u32,
    rank: u32,
    offset: u32,
    scale: f32,
    parts: u32,   // workgroups that share an output
    length: u32,  // terms each of them takes
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> scratch: array<f32, 256>;

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
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let column = lane % COLS;
    let row = lane / COLS;
    let wide = (p.n + COLS - 1u) / COLS;  // workgroups that cover all outputs once
    // The bounds come from the workgroup's number and the params: all of it goes round together.
    for (var group = id.x; group < wide * p.parts; group += groups.x) {
        let part = group / wide;
        let i = (group % wide) * COLS + column;
        // region: gather
        var total = neutral();
        if (i < p.n) {
            let first = p.offset + place(i, 0u, p.kept);
            let end = min(p.k, (part + 1u) * p.length);
            for (var j = part * p.length + row; j < end; j += WG / COLS) {
                total = fold(total, x[first + place(j, p.kept, p.rank)]);
            }
        }
        // end: gather
        // region: tree
        scratch[lane] = total;
        workgroupBarrier();
        for (var half = WG / 2u; half >= COLS; half /= 2u) {
            if (lane < half) {
                scratch[lane] = fold(scratch[lane], scratch[lane + half]);
            }
            workgroupBarrier();
        }
        if (lane < COLS && i < p.n) {
            out[part * p.n + i] = p.scale * scratch[lane];
        }
        workgroupBarrier();  // the next round writes the scratch again
        // end: tree
    }
}
