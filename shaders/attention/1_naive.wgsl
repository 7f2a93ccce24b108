// include: math philox attention attention_mask
// Attention as it is written on paper, in three kernels: S = scale Q K^T, P = softmax(S), O = P V.
//
// Idea: an invocation for every number. Nothing is shared, so a row of Q is read once per key.
// Cost: 4 D FLOPs for each query-key pair; P goes through memory four times, so its 4 bytes per pair
// count: a sequence of T tokens takes T^2 of them per head, and that is what limits T.
// Gain: the rung to beat.
override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> state: MaskedState;
// [batch, heads, rows, keys]: scores, then probabilities.
@group(0) @binding(4) var<storage, read_write> probabilities: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> lse: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

// Below all scores, and finite: WGSL has no literal for minus infinity. e^(LOWEST - max) is 0.
const LOWEST = -3.4e38;

// An invocation for each query-key pair.
@compute @workgroup_size(WG)
fn scores(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
    let n = p.batch * p.heads * p.rows * p.keys;
    for (var i = id.x; i < n; i += grid.x * WG) {
        let key = i % p.keys;
        let row = i / p.keys % p.rows;
        let bh = i / p.keys / p.rows;
        // region: score
        var score = LOWEST;
        if (sees(bh, row, key)) {
            let a = row_at(p.q, bh, row);
            let b = row_at(p.k, bh, key);
            var sum = 0.0;
            for (var d = 0u; d < p.dim; d++) {
                sum += q[a + d] * k[b + d];
            }
            score = p.scale * sum;
        }
        probabilities[i] = score;
        // end: score
    }
}

// An invocation for each query: largest score, sum, division.
@compute @workgroup_size(WG)
fn softmax(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
    let rows = p.batch * p.heads * p.rows;
    for (var i = id.x; i < rows; i += grid.x * WG) {
        // region: row
        let first = i * p.keys;
        let bh = i / p.rows;
        let seen = visible(valid_keys(), i % p.rows);
        var largest = LOWEST;
        for (var j = 0u; j < seen; j++) {
            largest = max_nan(largest, probabilities[first + j]);
        }
        var sum = 0.0;
        for (var j = 0u; j < seen; j++) {
            if (unmasked(bh, j)) {
                sum += exp_nan(probabilities[first + j] - largest);
            }
        }
        for (var j = 0u; j < p.keys; j++) {
            var probability = 0.0;
            if (j < seen && unmasked(bh, j)) {
                probability = exp_nan(probabilities[first + j] - largest) / sum;
                probability *= dropout_mask(bh, i % p.rows, j);
            }
            probabilities[first + j] = probability;
        }
        lse[i] = largest + log_exact(sum);
        // end: row
    }
}

// An invocation for each number of the output.
@compute @workgroup_size(WG)
fn weighted_sum(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
) {
    let n = p.batch * p.heads * p.rows * p.dim;
    for (var i = id.x; i < n; i += grid.x * WG) {
        let d = i % p.dim;
        let row = i / p.dim % p.rows;
        let bh = i / p.dim / p.rows;
        // region: mix
        let weights = (bh * p.rows + row) * p.keys;
        let values = row_at(p.v, bh, 0u) + d;
        let seen = visible(valid_keys(), row);
        var sum = 0.0;
        for (var key = 0u; key < seen; key++) {
            let value = v[values + key * p.v.w];
            if (unmasked(bh, key) && adds(value, bh, row, key)) {
                sum += probabilities[weights + key] * value;
            }
        }
        out[row_at(p.out, bh, row) + d] = sum;
        // end: mix
    }
}
