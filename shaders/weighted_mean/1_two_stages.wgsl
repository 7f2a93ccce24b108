// include: math reduce
// The weighted mean of the rows' losses, and one over the sum of their weights: what is kept of a row
// (smoothed_cross_entropy) has its weight in the third place, 0 where the row is not scored.
//
// Idea: two dispatches, as in mean_of_scored: each workgroup sums every parts-th group of 256 rows, one
// workgroup adds the parts, in an order that the number of rows fixes. Weights of 0 in all are no loss
// and no gradient; a loss that is not a number stays one.
// Cost: 20 bytes a row, of which a line's rest goes unused. It is the dispatches that take the time.

override WG: u32 = 256u;

struct Params {
    count: u32,  // rows, or parts
}

// Bindings of `parts`.
@group(0) @binding(0) var<storage, read> losses: array<f32>;
@group(0) @binding(1) var<storage, read> kept: array<vec4<f32>>;
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
    var sum = vec2<f32>(0.0);
    for (var i = id.x * WG + lane; i < p.count; i += groups.x * WG) {
        sum += vec2<f32>(losses[i], kept[i].z);
    }
    let all = block_sum(sum.x, lane);
    let weights = block_sum(sum.y, lane);
    if (lane == 0u) {
        sums[id.x] = vec2<f32>(all, weights);
    }
}

@compute @workgroup_size(WG)
fn total(@builtin(local_invocation_index) lane: u32) {
    var sum = vec2<f32>(0.0);
    for (var i = lane; i < p.count; i += WG) {
        sum += partial_sums[i];
    }
    let all = block_sum(sum.x, lane);
    let weights = block_sum(sum.y, lane);
    if (lane == 0u) {
        // region: none
        let none = equal(weights, 0.0);
        mean[0] = all / select(weights, 1.0, none);
        if (none && !is_nan(all)) {
            mean[0] = 0.0;
        }
        weight[0] = select(1.0 / weights, 0.0, none);
        // end: none
    }
}
