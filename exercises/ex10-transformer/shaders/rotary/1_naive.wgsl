// Rotary position embedding: a head's numbers are turned by an angle that grows with the position.
//
// Idea (Su et al., 2021): take the numbers of a query or key in pairs, each pair as a point in the
// plane, and turn pair i of a row at position t by t * 10000^(-2i / head_dim). The product of a query
// and a key then depends on the distance between them only, so that nothing is to be learned about
// positions and none has to be added to the input.
// Two conventions are about. Here, as in Llama's weights as Hugging Face writes them, pair i is
// (x[i], x[i + head_dim / 2]): the row is split in halves. The paper pairs neighbors.
// Cost: 6 FLOPs a pair beside the power, sine and cosine; 8 bytes a number. It waits for memory:
// expect the bandwidth of a copy.

override WG: u32 = 256u;
const BASE: f32 = 10000.0;

struct Params {
    pairs: u32,     // of the whole tensor: batch * heads * rows * head_dim / 2
    rows: u32,      // T: positions of each head
    head_dim: u32,  // even
    position: u32,  // of the first row: what lies before it is in the KV cache
}

// Both are [batch, heads, rows, head_dim].
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

// An angle without its whole turns: WGSL promises sine and cosine from -pi to pi only.
fn without_turns(angle: f32) -> f32 {
    let turns = round(angle / 6.2831855);
    // 2 pi in two parts. The first has so few bits that its multiples are exact.
    return (angle - turns * 6.28125) - turns * 0.0019353072;
}

@compute @workgroup_size(WG)
fn rotary(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let half = p.head_dim / 2u;
    for (var at = id.x; at < p.pairs; at += groups.x * WG) {
        let i = at % half;    // the pair in its row
        let row = at / half;  // the row, counted through all heads and batches
        // TODO, about 9 lines: Which angle, and which two numbers? Turn them: sin and cos
        //   take radians (without_turns), pow(BASE, y) is 10000^y.
    }
}
