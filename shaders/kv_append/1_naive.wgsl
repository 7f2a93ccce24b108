// Keys or values of new rows, into the cache.
//
// Idea: the packed activation holds q, k and v of a row side by side; the cache holds each head's
// rows side by side, so that attention reads a head in one sweep. One invocation moves one element.
// The position is read on the device, so that a recorded decoding step can be replayed for every
// token.
// Cost: no FLOPs, 8 bytes an element (one read, one write).
// include: step_state

struct Params {
    n: u32, rows: u32, heads: u32, head_dim: u32, positions: u32, part: u32,
}

override WG: u32 = 256u;

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
        // region: place
        let column = i % width;
        let row = i / width;
        let batch = row / p.rows;
        let place = state.position + row % p.rows;
        let head = column / p.head_dim;
        let d = column % p.head_dim;
        if place < p.positions {
            cache[((batch * p.heads + head) * p.positions + place) * p.head_dim + d] =
                qkv[row * 3u * width + p.part * width + column];
        }
        // end: place
    }
}
