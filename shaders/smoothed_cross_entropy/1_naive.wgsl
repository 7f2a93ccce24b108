// include: math smoothed
// Cross-entropy with smoothed labels and class weights, each row's loss: with s the smoothing, w the
// weights and nll(j) = log sum(e^(x - max)) + max - x[j], it is
//     (1 - s) w[target] nll(target) + s / width * sum_j w[j] nll(j)
//
// Idea: one invocation a row, two walks along it: the maximum, then three sums. The gradient gets four
// numbers a row: the maximum, the logarithm of the sum, the target's weight, the sum of all weights.
// Cost: 17 FLOPs an element; 4 bytes and 4 more for the weights if row and weights stayed in cache, in
// truth far more, as in cross_entropy/1_naive. For rows too short for a workgroup each.

override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> classes: array<f32>;
@group(0) @binding(3) var<storage, read_write> kept: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> losses: array<f32>;
@group(0) @binding(5) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn smoothed_cross_entropy(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x * WG) {
        let start = row * p.width;
        // region: walks
        var largest = -3.4028234e+38;
        for (var j = 0u; j < p.width; j++) {
            largest = max_nan(largest, logits[start + j]);
        }
        var sum = 0.0;
        var below = 0.0;
        var weights = 0.0;
        for (var j = 0u; j < p.width; j++) {
            var weight = 1.0;
            if (WEIGHTED == 1u) {
                weight = classes[j];
            }
            sum += exp_nan(logits[start + j] - largest);
            below += weight * (largest - logits[start + j]);
            weights += weight;
        }
        // end: walks
        finish_row(row, Walked(largest, sum, below, weights));
    }
}
