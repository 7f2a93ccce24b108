// Embedding, rung 1: one invocation an element of the output.
//
// Idea: a gather. Neighboring invocations copy neighboring elements of one row, so that the reads
// are coalesced although the rows lie anywhere; the row of the position is added on the way.
// Cost: one addition and 12 bytes an element: bound by memory.
// include: step_state

override WG: u32 = 256u;
override POSITIONS: u32 = 0u;
override STATE: u32 = 0u;

struct Params {
    n: u32,        // tokens
    rows: u32,     // tokens of one sequence
    width: u32,
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
    let elements = p.n * p.width;
    for (var e = invocation.x; e < elements; e += groups.x * WG) {
        // region: gather
        let i = e / p.width;
        let c = e % p.width;
        let id = ids[i];
        let place = start + i % p.rows;
        let outside = id >= p.vocab || (POSITIONS == 1u && place >= p.context);
        // A NaN reads nothing outside the tables, and shows in the loss. (Written so that no compiler
        // sees a constant: WGSL refuses constants that are not numbers.)
        var y = bitcast<f32>(select(0u, 0x7fc00000u, outside));
        if (!outside) {
            y = tokens[id * p.width + c];
            if (POSITIONS == 1u) {
                y += positions[place * p.width + c];
            }
        }
        out[e] = y;
        // end: gather
    }
}
