// include: math
// Cross-entropy backward: dlogits = (e^(logits - lse) - onehot(target)) weight dloss scale, and 0 in
// rows that are not scored.
//
// Idea: one invocation an element, which finds its row by a division. `weight` is one over the number
// of scored rows, `dloss` the gradient of the mean loss; both are on the device, so that a recorded
// step can be replayed with other targets or another loss scale.
// Cost: 12 FLOPs and 8 bytes an element: no probabilities are stored.

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
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let factor = weight[0] * dloss[0] * p.scale;
    for (var i = id.x; i < p.rows * p.width; i += groups.x * WG) {
        // region: element
        let row = i / p.width;
        let goal = targets[row];
        var gradient = p.invalid;
        if (goal == 0xffffffffu) {
            gradient = 0.0;  // not scored
        } else if (goal < p.width) {
            let one_hot = select(0.0, 1.0, i % p.width == goal);
            gradient = (exp_nan(logits[i] - lse[row]) - one_hot) * factor;
        }
        dlogits[i] = gradient;
        // end: element
    }
}
