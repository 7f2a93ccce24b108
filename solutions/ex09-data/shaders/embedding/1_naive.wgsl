// Embedding: for every token the row of a table, plus the row of its place.
//
// Idea: a gather, one invocation an element of the result. The rows lie anywhere, but neighboring
// invocations copy neighboring elements of one row, so that the reads are coalesced all the same.
// Cost: one addition and 12 bytes an element: bound by memory.
// Gain: this is the only rung; there is nothing here that could be computed faster than it is read.
//
//   out[i][c] = tokens[ids[i]][c] + positions[start + i % rows][c]
// include: step_state

override WG: u32 = 256u;
override POSITIONS: u32 = 0u;  // 1: there is a table of positions
override STATE: u32 = 0u;      // 1: the sequences start at state.position (decoding), not at 0

struct Params {
    n: u32,        // tokens: all sequences of the batch, one after the other
    rows: u32,     // tokens of one sequence
    width: u32,    // elements of a row of either table
    vocab: u32,    // rows of the token table
    context: u32,  // rows of the position table
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> tokens: array<f32>;
@group(0) @binding(2) var<storage, read> positions: array<f32>;
@group(0) @binding(3) var<storage, read> state: StepState;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn embedding(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    var start = 0u;
    if (STATE == 1u) {
        start = state.position;
    }
    // A variable: WGSL refuses constants that are not numbers.
    var nan = 0x7fc00000u;
    let elements = p.n * p.width;
    for (var e = invocation.x; e < elements; e += groups.x * WG) {
        var y = bitcast<f32>(nan);
        // exercise: begin, about 10 lines: Whose element is e, and where does it come from? An id or a
        //   place outside its table reads nothing and leaves NaN: that shows in the loss.
        let i = e / p.width;
        let c = e % p.width;
        let id = ids[i];
        let place = start + i % p.rows;
        if (id < p.vocab && (POSITIONS == 0u || place < p.context)) {
            y = tokens[id * p.width + c];
            if (POSITIONS == 1u) {
                y += positions[place * p.width + c];
            }
        }
        // exercise: end
        out[e] = y;
    }
}
