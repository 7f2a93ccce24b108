// AdamW, rung 1: one invocation a parameter, one launch for the whole model.
//
// Idea: all parameters lie in one arena, so the optimizer needs no list of tensors: element i of four
// arrays is all that invocation i looks at. What changes from step to step (learning rate, step) is
// read from the device, and so is the gradient's norm: the host is not asked anything.
// Cost: about 14 FLOPs and 28 bytes a parameter (4 loads, 3 stores): bound by memory.
// Gain: this is the bottom rung; a loop over tensors would add a launch for each of them.
// include: step_state clip expm1

override WG: u32 = 256u;
override CLIP: u32 = 0u;

struct Params {
    n: u32,        // elements of the arenas
    decayed: u32,  // the first ones, to which weight decay applies
    beta1: f32,
    rest1: f32,    // 1 - beta1: the host subtracts in float64
    beta2: f32,
    rest2: f32,
    ln_beta1: f32,
    ln_beta2: f32,
    eps: f32,
    weight_decay: f32,
    max_norm: f32,
}

@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read_write> m: array<f32>;
@group(0) @binding(3) var<storage, read_write> v: array<f32>;
@group(0) @binding(4) var<storage, read> state: StepState;
@group(0) @binding(5) var<storage, read> norm: array<f32>;
// Of 16 bits, which portable WGSL has not: always left alone here.
@group(0) @binding(6) var<storage, read_write> shadow: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn adamw(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    if (!is_finite(norm[0])) {
        return;
    }
    // region: once
    let lr = state.lr;
    let step = f32(max(state.step, 1u));
    // The moments start at zero and are too small at first: divide by 1 - beta^step. For beta near 1
    // that is a small difference of large numbers; expm1 takes it without losing digits.
    let rate = lr / -expm1(step * p.ln_beta1);
    let root = 1.0 / sqrt(-expm1(step * p.ln_beta2));
    var clip = 1.0;
    if (CLIP == 1u) {
        clip = clip_factor(norm[0], p.max_norm);
    }
    let keep = 1.0 - lr * p.weight_decay;
    // end: once

    for (var i = id.x; i < p.n; i += groups.x * WG) {
        // region: loop
        let g = grads[i] * clip;
        let m_new = p.beta1 * m[i] + p.rest1 * g;
        let v_new = p.beta2 * v[i] + p.rest2 * (g * g);
        let value = select(values[i], values[i] * keep, i < p.decayed);
        m[i] = m_new;
        v[i] = v_new;
        values[i] = value - rate * (m_new / (sqrt(v_new) * root + p.eps));
        // end: loop
    }
}
