// include: philox step_state attention
// FlashAttention (Dao et al., 2022), forward: softmax(scale Q K^T) V without ever storing a
// probability.
//
// Idea: a workgroup owns 64 queries and goes through the keys tile by tile. For each query it keeps
// the largest score so far m, the sum l of e^(s - m), and the sum o of e^(s - m) v. When a tile
// brings a larger score, l and o are multiplied by e^(m - m_new), as if they had been taken under
// it from the start. At the end o / l is the output, and m + ln l all that the backward pass needs.
// Cost: 4 DIM FLOPs for each query-key pair; K and V are read once for every 64 queries.
// Expected gain over 1_naive: some ten times on a GPU, and O(rows) memory instead of O(rows keys).
//
// Two invocations share a query. Of a tile's scores each makes half and reads all; of the output
// each owns half of the columns. Both keep the same m and l.
const DIM: u32 = 64u; // tune: 32 64 96 128

@group(0) @binding(0) var<storage, read> q: array<f32>;
@group(0) @binding(1) var<storage, read> k: array<f32>;
@group(0) @binding(2) var<storage, read> v: array<f32>;
@group(0) @binding(3) var<storage, read> state: StepState;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> lse: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

const TILE: u32 = 1024u / DIM / 2u * 2u;  // keys of a tile: as many as 16 KiB hold
const MINE: u32 = TILE / 2u;              // scores of an invocation
const FOURS: u32 = DIM / 4u;              // a row, in groups of four numbers
const COLUMNS: u32 = DIM / 8u;            // the groups of the output that an invocation owns
// Below all scores, and finite: WGSL has no literal for minus infinity. e^(LOWEST - m) is 0.
const LOWEST = -3.4e38;

// Group n of key j at j * FOURS + n, of value j likewise; the score of query and key j at j * 64 +
// query.
var<workgroup> keys: array<vec4<f32>, TILE * FOURS>;
var<workgroup> values: array<vec4<f32>, TILE * FOURS>;
var<workgroup> scores: array<f32, TILE * 64u>;

// Number `at` of the queries (0), the keys (1) or the values (2).
fn element(tensor: u32, at: u32) -> f32 {
    switch tensor {
        case 0u: { return q[at]; }
        case 1u: { return k[at]; }
        default: { return v[at]; }
    }
}

// Group n of a row that begins at `row`; 0 beyond the row's end.
fn four(tensor: u32, row: u32, n: u32) -> vec4<f32> {
    var x = vec4<f32>();
    for (var c = 0u; c < 4u; c++) {
        if (4u * n + c < p.dim) { x[c] = element(tensor, row + 4u * n + c); }
    }
    return x;
}

@compute @workgroup_size(128)
fn flash1(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let query = lane % 64u;
    let part = lane / 64u;
    let valid = valid_keys();
    let tiles = (p.rows + 63u) / 64u;
    for (var work = group.x; work < tiles * p.batch * p.heads; work += grid.x) {
        // The last tiles see the most keys: they start first, so that none is left over at the end.
        let bh = work / tiles;
        let first = (tiles - 1u - work % tiles) * 64u;
        let row = first + query;
        let seen = visible(valid, row);
        var x: array<vec4<f32>, FOURS>;
        for (var n = 0u; n < FOURS; n++) {
            x[n] = vec4<f32>();
            if (row < p.rows) { x[n] = four(0u, row_at(p.q, bh, row), n); }
        }
        var o: array<vec4<f32>, COLUMNS>;
        for (var n = 0u; n < COLUMNS; n++) { o[n] = vec4<f32>(); }
        var m = LOWEST;
        var l = 0.0;

        let end = visible(valid, min(first + 64u, p.rows) - 1u);
        for (var start = 0u; start < end; start += TILE) {
            for (var i = lane; i < TILE * FOURS; i += 128u) {
                let j = start + i / FOURS;
                keys[i] = vec4<f32>();
                values[i] = vec4<f32>();
                if (j < valid) {
                    keys[i] = four(1u, row_at(p.k, bh, j), i % FOURS);
                    values[i] = four(2u, row_at(p.v, bh, j), i % FOURS);
                }
            }
            // TODO, about 10 lines: Scores. Once the tile is there, this invocation
            //   makes those of x and the keys j = part * MINE, ... MINE of them, and stores them
            //   for both: p.scale times their product, or LOWEST where start + j is not below seen.
            //   Then all wait again.

            // TODO, about 18 lines: Softmax. The largest of m and this query's TILE
            //   scores is the new m; bring l and o under it. Each score's weight e^(score - m) goes
            //   into l, and times dropout_mask(bh, row, start + j) times value j (its groups from
            //   part * COLUMNS on) into o. Last of all: who still reads what the next turn
            //   overwrites?
        }

        if (row < p.rows) {
            let to = row_at(p.out, bh, row);
            for (var i = 0u; i < 4u * COLUMNS; i++) {
                let d = 4u * part * COLUMNS + i;
                if (d < p.dim) { out[to + d] = o[i / 4u][i % 4u] / l; }
            }
            if (part == 0u) { lse[bh * p.rows + row] = m + log(l); }
        }
    }
}
