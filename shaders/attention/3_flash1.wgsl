// include: math philox attention attention_mask attention_pairs attention_tile
// FlashAttention (Dao et al., 2022), forward: softmax(scale Q K^T) V without ever storing a
// probability.
//
// Idea: a workgroup owns 64 queries and goes through the keys in tiles of 32. For each query it keeps
// the largest score so far m, the sum l of e^(s - m), and the sum O of e^(s - m) v. When a new tile
// brings a larger score, l and O are multiplied by e^(m - m_new), as if they had been taken under it
// from the start. At the end O / l is the output and m + ln l the log-sum-exp, all that backward
// needs. Tiles above the diagonal are skipped.
// Cost: 4 D FLOPs for each query-key pair; K and V are read once for every 64 queries.
// Gain: no P in memory (O(T) instead of O(T^2)); products from registers: some 10 times 1_naive.
const DIM: u32 = 64u; // tune: 32 64 96 128

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> state: MaskedState;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

const Q: u32 = 0u;
const K: u32 = 1u;
const V: u32 = 2u;

fn element(tensor: u32, at: u32) -> f32 {
    switch tensor {
        case 0u: { return q[at]; }
        case 1u: { return k[at]; }
        default: { return v[at]; }
    }
}

// Below all scores, and finite: WGSL has no literal for minus infinity. e^(NOTHING - m) is 0. Under a
// mask a row that saw a key has an m of LOWEST at least, and one that saw none is known by its m.
const NOTHING = -3.402e38;
const LOWEST = -3.4e38;

@compute @workgroup_size(128)
fn flash1(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let tx = lane % 8u;
    let ty = lane / 8u;
    let valid = valid_keys();
    let tiles = (p.rows + 63u) / 64u;
    for (var work = group.x; work < tiles * p.batch * p.heads; work += grid.x) {
        // The last tiles see the most keys: they start first, so that none is left over at the end.
        let bh = work / tiles;
        let first = (tiles - 1u - work % tiles) * 64u;
        let queries = rows_of(Q, p.q, bh, p.rows);
        let keys = rows_of(K, p.k, bh, valid);
        let values = rows_of(V, p.v, bh, valid);
        var o: Sums;
        var m = vec4<f32>(NOTHING);
        var l = vec4<f32>();

        let end = visible(valid, min(first + 64u, p.rows) - 1u);
        for (var start = 0u; start < end; start += 32u) {
            // region: scores
            var s = scores_of(queries, first, keys, start, lane);
            // end: scores
            // region: online
            let columns = vec4<u32>(0u, 1u, 2u, 3u) + start + 4u * tx;
            let open = unmasked4(bh, columns.x);
            var mine: vec4<f32>;
            for (var r = 0u; r < 4u; r++) {
                let seen = visible(valid, first + ty + 16u * r);
                let on = (columns < vec4<u32>(seen)) & open;
                s[r] = select(vec4<f32>(NOTHING), p.scale * s[r], on);
                mine[r] = max(max(s[r].x, s[r].y), max(s[r].z, s[r].w));
                if (MASK != 0u && any(on)) {
                    mine[r] = max(mine[r], LOWEST);
                }
            }
            workgroupBarrier();  // the keys' last slice has been used, and makes room
            stage[SPARE + lane] = mine;
            workgroupBarrier();
            var largest = m;
            for (var i = 0u; i < 8u; i++) {
                largest = max(largest, stage[SPARE + ty * 8u + i]);
            }
            for (var r = 0u; r < 4u; r++) {
                let row = ty + 16u * r;
                let correction = exp_nan(m[r] - largest[r]);
                m[r] = largest[r];
                let power = s[r] - largest[r];
                // NaN goes through `max` and `exp` unseen on some machines: it is put back.
                s[r] = select(exp(power), power, is_nan4(power));
                // Masked: 0, in a row too that has seen nothing yet.
                let seen = visible(valid, first + row);
                s[r] = select(vec4<f32>(), s[r], (columns < vec4<u32>(seen)) & open);
                // An invocation sums up its own columns only; the eight sums meet at the end.
                l[r] = l[r] * correction + dot(s[r], vec4<f32>(1.0));
                for (var n = 0u; n < N; n++) {
                    o[r * N + n] *= correction;
                }
                if (DROPOUT == 1u) {
                    for (var c = 0u; c < 4u; c++) {
                        s[r][c] *= dropout_mask(bh, first + row, start + 4u * tx + c);
                    }
                }
                weights[row * 8u + tx] = s[r];
            }
            // end: online
            add_weighted(&o, values, start, lane, Pairs(bh, first, start, false, true));
        }

        stage[SPARE + lane] = l;
        workgroupBarrier();
        var sum = vec4<f32>();
        for (var i = 0u; i < 8u; i++) {
            sum += stage[SPARE + ty * 8u + i];
        }
        for (var r = 0u; r < 4u; r++) {
            // region: finish
            let row = first + ty + 16u * r;
            if (row < p.rows) {
                // Nothing but masked keys: 0, and a log-sum-exp of minus infinity.
                let blank = MASK != 0u && m[r] == NOTHING;
                if (tx == 0u) {
                    lse[bh * p.rows + row] = m[r] + log_exact(sum[r]);
                }
                let at = row_at(p.out, bh, row);
                for (var n = 0u; n < N; n++) {
                    for (var c = 0u; c < 4u; c++) {
                        let d = 4u * tx + 32u * n + c;
                        if (d < p.dim) {
                            out[at + d] = select(o[r * N + n][c] / sum[r], 0.0, blank);
                        }
                    }
                }
            }
            // end: finish
        }
    }
}
