// include: math philox attention attention_mask attention_pairs attention_tile
// FlashAttention backward, second of three kernels: the gradients of keys and values.
//
//   P = exp(S - lse)    dV = P^T dO    dP = dO V^T    dS = P (dP - delta)    dK = scale dS^T Q
//
// Idea: a workgroup owns 64 keys and goes through the queries that see them in tiles of 32. P is made
// anew from the log-sum-exp: a product more, instead of a matrix in memory. Scores stand with keys as
// rows, so that the sums over queries are plain products, and nobody else adds to these keys: no
// atomics, the same bits every time.
// Cost: 8 D FLOPs for each query-key pair; Q and dO are read once for every 64 keys.
// Gain: no P, dP and dS in memory; some 10 times 1_naive.
const DIM: u32 = 64u; // tune: 32 64 96 128

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> d_out: array<f32>;
@group(0) @binding(4) var<storage, read> lse: array<f32>;
@group(0) @binding(5) var<storage, read> delta: array<f32>;
@group(0) @binding(6) var<storage, read> state: MaskedState;
@group(0) @binding(7) var<storage, read_write> grads: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

const Q: u32 = 0u;
const K: u32 = 1u;
const V: u32 = 2u;
const D_OUT: u32 = 3u;

fn element(tensor: u32, at: u32) -> f32 {
    switch tensor {
        case 0u: { return q[at]; }
        case 1u: { return k[at]; }
        case 2u: { return v[at]; }
        default: { return d_out[at]; }
    }
}

@compute @workgroup_size(128)
fn dkdv(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tx = lane % 8u;
    let ty = lane / 8u;
    let valid = valid_keys();
    let tiles = (p.keys + 63u) / 64u;
    for (var work = group.x; work < tiles * p.batch * p.heads; work += grid.x) {
        // The first keys are seen by most queries, and start first.
        let bh = work / tiles;
        let start = work % tiles * 64u;
        let queries = rows_of(Q, p.q, bh, p.rows);
        let keys = rows_of(K, p.k, bh, valid);
        let values = rows_of(V, p.v, bh, valid);
        let d_outs = rows_of(D_OUT, p.out, bh, p.rows);
        var dk: Sums;
        var dv: Sums;
        var open: vec4<bool>;
        for (var r = 0u; r < 4u; r++) {
            open[r] = unmasked(bh, start + ty + 16u * r);
        }

        // The first query that sees one of these keys; the queries are the last of the keys.
        var seeing = 0u;
        if (CAUSAL == 1u) {
            seeing = max(start, valid - p.rows) - (valid - p.rows);
        }
        for (var first = seeing / 32u * 32u; first < p.rows; first += 32u) {
            var s = scores_of(keys, start, queries, first, lane);
            var d = scores_of(values, start, d_outs, first, lane);
            for (var c = 0u; c < 4u; c++) {
                let row = first + 4u * tx + c;
                var seen = 0u;
                var of_lse = 0.0;
                var of_delta = 0.0;
                if (row < p.rows) {
                    seen = visible(valid, row);
                    of_lse = lse[bh * p.rows + row];
                    of_delta = delta[bh * p.rows + row];
                }
                for (var r = 0u; r < 4u; r++) {
                    // region: again
                    let key = start + ty + 16u * r;
                    var weight = 0.0;
                    var gradient = 0.0;
                    if (key < seen && open[r]) {
                        let probability = exp_nan(p.scale * s[r][c] - of_lse);
                        let kept = dropout_mask(bh, row, key);
                        weight = through(probability, kept);
                        gradient = probability * (through(d[r][c], kept) - of_delta);
                    }
                    s[r][c] = weight;
                    d[r][c] = gradient;
                    // end: again
                }
            }
            // region: sums
            for (var r = 0u; r < 4u; r++) {
                weights[(ty + 16u * r) * 8u + tx] = s[r];
            }
            add_weighted(&dv, d_outs, first, lane, Pairs(bh, first, start, true, true));
            workgroupBarrier();
            for (var r = 0u; r < 4u; r++) {
                weights[(ty + 16u * r) * 8u + tx] = d[r];
            }
            add_weighted(&dk, queries, first, lane, Pairs(bh, first, start, true, false));
            // end: sums
        }

        for (var r = 0u; r < 4u; r++) {
            let key = start + ty + 16u * r;
            let to_k = row_at(p.dk, bh, key);
            let to_v = row_at(p.dv, bh, key);
            for (var i = 0u; i < 4u * N; i++) {
                let d = 4u * tx + i / 4u * 32u + i % 4u;
                if (key < p.keys && d < p.dim) {
                    grads[to_k + d] = p.scale * dk[r * N + i / 4u][i % 4u];
                    grads[to_v + d] = dv[r * N + i / 4u][i % 4u];
                }
            }
        }
    }
}
