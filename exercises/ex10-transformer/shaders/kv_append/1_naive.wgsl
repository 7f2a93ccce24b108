// Keys or values of new rows, into the cache.
//
// Idea: a model that writes reads its own past again for every token. So keys and values are kept: a
// new token costs one row instead of the whole context. The projection gives the query, key and value
// of a row side by side: qkv is [batch, rows, 3, heads, head_dim]. Attention wants a head's rows side
// by side, to read them in one sweep: the cache is [batch, heads, positions, head_dim]. The position
// of the first new row is read on the device, so that one recorded step serves every token.
// Cost: no FLOPs, 8 bytes an element (one read, one write). Neighbors in a row stay neighbors, so
// reads and writes are as fast as a copy's.
// include: step_state

override WG: u32 = 256u;

struct Params {
    n: u32,          // elements to move: batch * rows * heads * head_dim
    rows: u32,       // new rows of each sequence
    heads: u32,
    head_dim: u32,
    positions: u32,  // rows that the cache has room for
    part: u32,       // 1: the keys of qkv, 2: its values
}

@group(0) @binding(0) var<storage, read> qkv: array<f32>;
@group(0) @binding(1) var<storage, read> state: StepState;
@group(0) @binding(2) var<storage, read_write> cache: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn kv_append(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let width = p.heads * p.head_dim;
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        // Element i of [batch * rows, width]: its row, counted through the batch, and its column.
        let row = i / width;
        let column = i % width;
        // TODO, about 9 lines: Where does it lie in qkv, and where shall it lie in the cache?
        //   Rows for which the cache has no room are dropped.
    }
}
