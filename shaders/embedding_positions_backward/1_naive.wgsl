// Gradient of the position table, rung 1: one invocation an element of the table.
//
// Idea: row t of every sequence took row t of the table, so its gradient is the sum over the batch.
// Each invocation walks down its own column; neighbors read neighboring elements.
// Cost: one addition and 4 bytes an element of dy: bound by memory.

override WG: u32 = 256u;

struct Params {
    batch: u32,
    rows: u32,        // tokens of one sequence
    width: u32,
    context: u32,     // rows of the table
    accumulate: u32,  // add to what the table's gradient holds
}

@group(0) @binding(0) var<storage, read> dy: array<f32>;
@group(0) @binding(1) var<storage, read_write> dpositions: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn embedding_positions_backward(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let elements = p.context * p.width;
    let used = p.rows * p.width;
    for (var e = id.x; e < elements; e += groups.x * WG) {
        // region: sum
        var sum = 0.0;
        if (e < used) {
            for (var b = 0u; b < p.batch; b++) {
                sum += dy[b * used + e];
            }
        }
        if (p.accumulate == 0u) {
            dpositions[e] = sum;
        } else if (e < used) {
            dpositions[e] += sum;
        }
        // end: sum
    }
}
