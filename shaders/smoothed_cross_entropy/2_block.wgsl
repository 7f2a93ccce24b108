// include: math reduce smoothed
// Cross-entropy with smoothed labels and class weights, each row's loss: with s the smoothing, w the
// weights and nll(j) = log sum(e^(x - max)) + max - x[j], it is
//     (1 - s) w[target] nll(target) + s / width * sum_j w[j] nll(j)
//
// Idea: a workgroup for each row. The mean over all classes needs no second vector of scores: the
// logarithm comes out of it, and what is left, sum_j w[j] (max - x[j]), is taken in the walk that sums
// the exponentials. Two walks and not one online: every term is then at least 0, and nothing cancels.
// Cost: 17 FLOPs an element and 4 bytes; the second walk finds the row in a cache, and all rows share
// the weights. Expected gain over naive on a GPU: ten times, from requests that are whole lines.

override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> classes: array<f32>;
@group(0) @binding(3) var<storage, read_write> kept: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn smoothed_cross_entropy(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        // region: walks
        var mine = -3.4028234e+38;
        for (var j = lane; j < p.width; j += WG) {
            mine = max_nan(mine, logits[start + j]);
        }
        let largest = block_max(mine, lane);
        var part = vec3<f32>(0.0);
        for (var j = lane; j < p.width; j += WG) {
            var weight = 1.0;
            if (WEIGHTED == 1u) {
                weight = classes[j];
            }
            let x = logits[start + j];
            part += vec3<f32>(exp_nan(x - largest), weight * (largest - x), weight);
        }
        let sum = block_sum(part.x, lane);
        let below = block_sum(part.y, lane);
        let weights = block_sum(part.z, lane);
        // end: walks
        if (lane == 0u) {
            finish_row(row, Walked(largest, sum, below, weights));
        }
    }
}
