// include: math philox attention attention_mask attention_pairs attention_tile
// FlashAttention backward, last of three kernels: the gradient of the queries.
//
//   P = exp(S - lse)    dP = dO V^T    dS = P (dP - delta)    dQ = scale dS K
//
// Idea: a workgroup owns 64 queries and goes through the keys they see, as in forward. That makes P a
// second time, but dQ sums over keys where dK and dV sum over queries: one kernel for both would need
// atomics, and their order is another one every time.
// Cost: 6 D FLOPs for each query-key pair; K and V are read once for every 64 queries.
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
fn dq(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tx = lane % 8u;
    let ty = lane / 8u;
    let valid = valid_keys();
    let tiles = (p.rows + 63u) / 64u;
    for (var work = group.x; work < tiles * p.batch * p.heads; work += grid.x) {
        let bh = work / tiles;
        let first = (tiles - 1u - work % tiles) * 64u;
        let queries = rows_of(Q, p.q, bh, p.rows);
        let keys = rows_of(K, p.k, bh, valid);
        let values = rows_of(V, p.v, bh, valid);
        let d_outs = rows_of(D_OUT, p.out, bh, p.rows);
        var sums: Sums;

        let end = visible(valid, min(first + 64u, p.rows) - 1u);
        for (var start = 0u; start < end; start += 32u) {
            let s = scores_of(queries, first, keys, start, lane);
            var d = scores_of(d_outs, first, values, start, lane);
            let open = unmasked4(bh, start + 4u * tx);
            for (var r = 0u; r < 4u; r++) {
                let row = first + ty + 16u * r;
                var seen = 0u;
                var of_lse = 0.0;
                var of_delta = 0.0;
                if (row < p.rows) {
                    seen = visible(valid, row);
                    of_lse = lse[bh * p.rows + row];
                    of_delta = delta[bh * p.rows + row];
                }
                for (var c = 0u; c < 4u; c++) {
                    let key = start + 4u * tx + c;
                    var gradient = 0.0;
                    if (key < seen && open[c]) {
                        let probability = exp_nan(p.scale * s[r][c] - of_lse);
                        let kept = dropout_mask(bh, row, key);
                        gradient = probability * (through(d[r][c], kept) - of_delta);
                    }
                    d[r][c] = gradient;
                }
                weights[(ty + 16u * r) * 8u + tx] = d[r];
            }
            // region: sum
            add_weighted(&sums, keys, start, lane, Pairs(bh, first, start, false, false));
            // end: sum
        }

        for (var r = 0u; r < 4u; r++) {
            let row = first + ty + 16u * r;
            let to = row_at(p.dq, bh, row);
            for (var i = 0u; i < 4u * N; i++) {
                let d = 4u * tx + i / 4u * 32u + i % 4u;
                if (row < p.rows && d < p.dim) {
                    grads[to + d] = p.scale * sums[r * N + i / 4u][i % 4u];
                }
            }
        }
    }
}
