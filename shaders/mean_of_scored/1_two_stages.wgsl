// include: reduce
// The mean of the scored rows' losses, and one over their number.
//
// Idea: two dispatches. In `parts`, each workgroup sums every parts-th group of 256 rows and counts
// the scored ones; in `total`, one workgroup adds the parts. The order of both is fixed by the number
// of rows: the same bits every time, which atomic additions would not give.
// Cost: 8 bytes a row. It is the dispatches that take the time, some microseconds.

override WG: u32 = 256u;

struct Params {
    count: u32,  // rows, or parts
}

// Bindings of `parts`.
@group(0) @binding(0) var<storage, read> losses: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec2<f32>>;
// Bindings of `total`.
@group(0) @binding(0) var<storage, read> partial_sums: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> weight: array<f32>;
// Of both.
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn parts(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    // region: parts
    var sum = 0.0;
    var scored = 0.0;
    for (var i = id.x * WG + lane; i < p.count; i += groups.x * WG) {
        if (targets[i] != 0xffffffffu) {
            sum += losses[i];
            scored += 1.0;
        }
    }
    let all = block_sum(sum, lane);
    let count = block_sum(scored, lane);
    if (lane == 0u) {
        sums[id.x] = vec2<f32>(all, count);
    }
    // end: parts
}

@compute @workgroup_size(WG)
fn total(@builtin(local_invocation_index) lane: u32) {
    var sum = vec2<f32>(0.0);
    for (var i = lane; i < p.count; i += WG) {
        sum += partial_sums[i];
    }
    let all = block_sum(sum.x, lane);
    let count = max(block_sum(sum.y, lane), 1.0);  // no row scored: a loss of 0
    if (lane == 0u) {
        mean[0] = all / count;
        weight[0] = 1.0 / count;
    }
}
