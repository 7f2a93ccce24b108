// Sliding-window attention: a query sees itself and the window - 1 keys before it, as far as there
// are any. Tensors are [heads, rows, dim].
//
// Idea: an invocation for each number of the output. It walks along the keys that its row sees,
// with a running maximum, so nothing is stored and nothing overflows.
// Cost: 2 dim FLOPs for each key that a number's row sees: dim times too many, since the dim
// invocations of a row make the same scores. But a row has `window` keys, not all: rows * window
// pairs, not rows^2 / 2.

override WG: u32 = 256u;

struct Params {
    heads: u32,
    rows: u32,
    dim: u32,
    window: u32,  // at least 1
    scale: f32,
}

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// Scaled scalar product of a query and a key, both given by the index of their first element.
fn score_of(query: u32, key: u32) -> f32 {
    var sum = 0.0;
    for (var d = 0u; d < p.dim; d++) {
        sum += q[query + d] * k[key + d];
    }
    return p.scale * sum;
}

@compute @workgroup_size(WG)
fn window_attention(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let n = p.heads * p.rows * p.dim;
    for (var i = id.x; i < n; i += groups.x * WG) {
        let d = i % p.dim;
        let row = i / p.dim % p.rows;
        // Row j of this head begins at head + j * p.dim.
        let head = i / p.dim / p.rows * p.rows * p.dim;
        let query = head + row * p.dim;
        var largest = -3.4028234e+38;
        var sum = 0.0;
        var weighted = 0.0;
        // exercise: begin, about 14 lines: Walk from the first key of the window to the row's own.
        //   Keep sum and weighted (the values' column d, by weights) under the largest score so
        //   far.
        var first = 0u;
        if (row + 1u > p.window) {
            first = row + 1u - p.window;
        }
        for (var j = first; j <= row; j++) {
            let score = score_of(query, head + j * p.dim);
            let before = largest;
            largest = max(before, score);
            let correction = exp(before - largest);
            let weight = exp(score - largest);
            sum = sum * correction + weight;
            weighted = weighted * correction + weight * v[head + j * p.dim + d];
        }
        // exercise: end
        out[i] = weighted / sum;
    }
}
