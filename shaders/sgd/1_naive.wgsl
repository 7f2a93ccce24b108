// SGD with momentum, rung 1: one invocation a parameter, one launch for the whole model.
//
// Idea: as AdamW's, with one moment instead of two (Polyak's heavy ball, 1964): the velocity
// remembers past gradients, so that steps along a ravine add up and steps across it cancel.
// Cost: 6 FLOPs and 20 bytes a parameter; 12 bytes without momentum. Bound by memory.
// include: step_state clip

override WG: u32 = 256u;
override CLIP: u32 = 0u;
override MOMENTUM: u32 = 0u;

struct Params {
    n: u32,        // elements of the arenas
    decayed: u32,  // the first ones, to which weight decay applies
    momentum: f32,
    weight_decay: f32,
    max_norm: f32,
}

@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read_write> velocity: array<f32>;
@group(0) @binding(3) var<storage, read> state: StepState;
@group(0) @binding(4) var<storage, read> norm: array<f32>;
// Of 16 bits, which portable WGSL has not: always left alone here.
@group(0) @binding(5) var<storage, read_write> shadow: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn sgd(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    if (!is_finite(norm[0])) {
        return;
    }
    let lr = state.lr;
    var clip = 1.0;
    if (CLIP == 1u) {
        clip = clip_factor(norm[0], p.max_norm);
    }
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        // region: loop
        let value = values[i];
        var u = grads[i] * clip + select(0.0, p.weight_decay * value, i < p.decayed);
        if (MOMENTUM == 1u) {
            u += p.momentum * velocity[i];
            velocity[i] = u;
        }
        values[i] = value - lr * u;
        // end: loop
    }
}
