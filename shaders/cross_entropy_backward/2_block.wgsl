// include: math
// Cross-entropy backward: dlogits = (e^(logits - lse) - onehot(target)) weight dloss scale, and 0 in
// rows that are not scored.
//
// Idea: a workgroup for each row: target, lse and the factor are read once a row instead of once an
// element, nothing is divided, and rows that are not scored are not even read.
// Cost: 12 FLOPs and 8 bytes an element. Expected gain over naive: a fifth to a half.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    scale: f32,
    invalid: f32,  // NaN: the gradient of a row whose target lies beyond the vocabulary
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> lse: array<f32>;
@group(0) @binding(3) var<storage, read> weight: array<f32>;
@group(0) @binding(4) var<storage, read> dloss: array<f32>;
@group(0) @binding(5) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn cross_entropy_backward(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let factor = weight[0] * dloss[0] * p.scale;
    for (var row = id.x; row < p.rows; row += groups.x) {
        // region: gradient
        let start = row * p.width;
        let goal = targets[row];
        let total = lse[row];
        for (var j = lane; j < p.width; j += WG) {
            var gradient = p.invalid;
            if (goal == 0xffffffffu) {
                gradient = 0.0;  // not scored
            } else if (goal < p.width) {
                let one_hot = select(0.0, 1.0, j == goal);
                gradient = (exp_nan(logits[start + j] - total) - one_hot) * factor;
            }
            dlogits[start + j] = gradient;
        }
        // end: gradient
    }
}
