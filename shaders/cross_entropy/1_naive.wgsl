// include: math
// Cross-entropy of each row: lse = logsumexp(logits), loss = lse - logits[target].
//
// Idea: one invocation a row, two walks along it: the maximum, the sum.
// Cost: 13 FLOPs an element; 4 bytes if the row stayed in cache, in truth far more, since
// neighboring invocations read elements that lie a row apart.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    invalid: f32,  // NaN: the loss of a target beyond the vocabulary
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read_write> lse: array<f32>;
@group(0) @binding(3) var<storage, read_write> losses: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn cross_entropy(
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
        for (var j = 0u; j < p.width; j++) {
            sum += exp_nan(logits[start + j] - largest);
        }
        let log_sum = log_exact(sum);
        lse[row] = largest + log_sum;
        let goal = targets[row];
        var loss = p.invalid;
        if (goal == 0xffffffffu) {
            loss = 0.0;  // not scored
        } else if (goal < p.width) {
            // Not lse - x[goal]: beside scores of a million that keeps no digits of log_sum.
            loss = log_sum + (largest - logits[start + goal]);
        }
        losses[row] = loss;
        // end: walks
    }
}
