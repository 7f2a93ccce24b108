// include: math
// The gradient of cross-entropy with smoothed labels and class weights. With p the probabilities, s
// the smoothing, w the weights and W their sum:
//     dlogits[j] = ((1 - s) w[target] (p[j] - [j = target]) + s / width * (W p[j] - w[j])) * factor
// and 0 in rows that are not scored; factor = weight dloss scale.
//
// Idea: one invocation an element, which finds its row by a division; p comes from the row's maximum
// and the logarithm of its sum, which are kept apart: added up, they lose digits where scores are large.
// Cost: 17 FLOPs and 8 bytes an element, the weights from a cache: no probabilities are stored.

override WG: u32 = 256u;
override WEIGHTED: u32 = 1u;

struct Params {
    rows: u32,
    width: u32,
    smoothing: f32,
    scale: f32,
    invalid: f32,  // NaN: the gradient of a row whose target lies beyond the vocabulary
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<u32>;
@group(0) @binding(2) var<storage, read> classes: array<f32>;
@group(0) @binding(3) var<storage, read> kept: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read> weight: array<f32>;
@group(0) @binding(5) var<storage, read> dloss: array<f32>;
@group(0) @binding(6) var<storage, read_write> dlogits: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn smoothed_cross_entropy_backward(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let factor = weight[0] * dloss[0] * p.scale;
    let share = p.smoothing / f32(p.width);
    for (var i = id.x; i < p.rows * p.width; i += groups.x * WG) {
        // region: element
        let row = i / p.width;
        let j = i % p.width;
        let goal = targets[row];
        var gradient = p.invalid;
        if (goal == 0xffffffffu) {
            gradient = 0.0;  // not scored
        } else if (goal < p.width) {
            let of_row = kept[row];
            var own = 1.0;
            if (WEIGHTED == 1u) {
                own = classes[j];
            }
            let probability = exp_nan((logits[i] - of_row.x) - of_row.y);
            let hard = probability - select(0.0, 1.0, j == goal);
            let soft = of_row.w * probability - own;
            gradient = ((1.0 - p.smoothing) * of_row.z * hard + share * soft) * factor;
        }
        dlogits[i] = gradient;
        // end: element
    }
}
