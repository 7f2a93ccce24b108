// Gradient of the token table, rung 1: one workgroup for a row of the table and 128 of its columns.
//
// Idea: many tokens name one row, and who adds first must not be left to chance: floats do not
// associate. So the row looks for its tokens: every invocation walks over all ids in order, and adds
// its column of dy where the id is the workgroup's row.
// Cost: n * width additions and 8 bytes for each; but also vocab * width / 128 walks over n ids, all
// served by the caches: at 16,384 tokens and 4,096 rows the walking is nearly all of the time.

override WG: u32 = 128u;

struct Params {
    n: u32,           // tokens
    width: u32,
    vocab: u32,       // rows of the table
    accumulate: u32,  // add to what the table's gradient holds
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dtokens: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn embedding_backward(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let c = group.y * WG + lane;
    if (c >= p.width) {
        return;
    }
    for (var row = group.x; row < p.vocab; row += groups.x) {
        var sum = 0.0;
        var named = false;
        // region: walk
        for (var i = 0u; i < p.n; i++) {
            if (ids[i] == row) {
                sum += dy[i * p.width + c];
                named = true;
            }
        }
        // end: walk
        let e = row * p.width + c;
        if (p.accumulate == 0u) {
            dtokens[e] = sum;
        } else if (named) {
            dtokens[e] += sum;
        }
    }
}
