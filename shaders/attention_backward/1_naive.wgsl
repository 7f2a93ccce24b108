// include: math philox attention attention_mask
// Attention backward as it is written on paper. With P as dropped out in forward:
//
//   dV = P^T dO    dP = dO V^T    dS = P (dP - rowsum(P dP))    dQ = scale dS K    dK = scale dS^T Q
//
// Idea: an invocation for every number, P and dS in memory, four kernels.
// Cost: 10 D FLOPs and some 28 bytes for each query-key pair.
// Gain: the rung to beat.
override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> d_out: array<f32>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> state: MaskedState;
// P, then dP and dS; each [batch, heads, rows, keys].
@group(0) @binding(6) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(7) var<storage, read_write> grads: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

// An invocation for each query-key pair: P = exp(S - lse), and dP.
@compute @workgroup_size(WG)
fn probabilities(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
) {
    let n = p.batch * p.heads * p.rows * p.keys;
    for (var i = id.x; i < n; i += grid.x * WG) {
        let key = i % p.keys;
        let row = i / p.keys % p.rows;
        let bh = i / p.keys / p.rows;
        var probability = 0.0;
        var gradient = 0.0;
        if (sees(bh, row, key)) {
            let a = row_at(p.q, bh, row);
            let b = row_at(p.k, bh, key);
            let c = row_at(p.out, bh, row);
            let e = row_at(p.v, bh, key);
            var score = 0.0;
            for (var d = 0u; d < p.dim; d++) {
                score += q[a + d] * k[b + d];
                gradient += d_out[c + d] * v[e + d];
            }
            probability = exp_nan(p.scale * score - lse[i / p.keys]);
            gradient = through(gradient, dropout_mask(bh, row, key));
        }
        scratch[i] = probability;
        scratch[n + i] = gradient;
    }
}

// An invocation for each query: dS = P (dP - rowsum(P dP)), and dropout of P.
@compute @workgroup_size(WG)
fn softmax_backward(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
) {
    let rows = p.batch * p.heads * p.rows;
    for (var i = id.x; i < rows; i += grid.x * WG) {
        let weights = i * p.keys;
        let gradients = (rows + i) * p.keys;
        // region: d_scores
        var sum = 0.0;
        for (var j = 0u; j < p.keys; j++) {
            sum += scratch[weights + j] * scratch[gradients + j];
        }
        for (var j = 0u; j < p.keys; j++) {
            let weight = scratch[weights + j];
            scratch[gradients + j] = weight * (scratch[gradients + j] - sum);
            scratch[weights + j] = through(weight, dropout_mask(i / p.rows, i % p.rows, j));
        }
        // end: d_scores
    }
}

// An invocation for each number of the keys: sums over all queries.
@compute @workgroup_size(WG)
fn dkdv(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
    let n = p.batch * p.heads * p.keys * p.dim;
    let pairs = p.batch * p.heads * p.rows * p.keys;
    for (var i = id.x; i < n; i += grid.x * WG) {
        let d = i % p.dim;
        let key = i / p.dim % p.keys;
        let bh = i / p.dim / p.keys;
        let queries = row_at(p.q, bh, 0u) + d;
        let d_outs = row_at(p.out, bh, 0u) + d;
        var dk = 0.0;
        var dv = 0.0;
        for (var row = 0u; row < p.rows; row++) {
            if (!sees(bh, row, key)) {
                continue;  // left out: a weight of 0 does not silence infinity
            }
            let pair = (bh * p.rows + row) * p.keys + key;
            dk += scratch[pairs + pair] * q[queries + row * p.q.w];
            let up = d_out[d_outs + row * p.out.w];
            if (adds(up, bh, row, key)) {
                dv += scratch[pair] * up;
            }
        }
        grads[row_at(p.dk, bh, key) + d] = p.scale * dk;
        grads[row_at(p.dv, bh, key) + d] = dv;
    }
}

// An invocation for each number of the queries: sums over all keys.
@compute @workgroup_size(WG)
fn dq(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
    let n = p.batch * p.heads * p.rows * p.dim;
    let pairs = p.batch * p.heads * p.rows * p.keys;
    for (var i = id.x; i < n; i += grid.x * WG) {
        let d = i % p.dim;
        let row = i / p.dim % p.rows;
        let bh = i / p.dim / p.rows;
        let d_scores = pairs + (bh * p.rows + row) * p.keys;
        let keys = row_at(p.k, bh, 0u) + d;
        var sum = 0.0;
        for (var key = 0u; key < visible(valid_keys(), row); key++) {
            if (unmasked(bh, key)) {
                sum += scratch[d_scores + key] * k[keys + key * p.k.w];
            }
        }
        grads[row_at(p.dq, bh, row) + d] = p.scale * sum;
    }
}
