// Lion: one step of an optimizer that was found by search (Chen et al., 2023), one invocation a
// parameter.
//
// Idea: AdamW divides by the gradient's usual size, so that its steps are about lr long. Lion takes
// the sign, and they are exactly lr long. What for, then, the second moment? It is gone. What is left
// is one momentum, read in two ways: the step looks at m and at the new gradient, mixed by beta1; what
// is remembered is mixed by beta2, which forgets more slowly.
//
//   c  = beta1 m + (1 - beta1) g
//   p -= lr * weight_decay * p          decoupled, the first `decayed` elements only
//   p -= lr * sign(c)                   sign(0) is 0: the arena's padding stays where it is
//   m  = beta2 m + (1 - beta2) g        with the m from before the step
//
// Cost: about 8 FLOPs and 20 bytes a parameter (3 loads, 2 stores): bound by memory.
// Gain over AdamW: 20 bytes instead of 28, and one moment to keep instead of two.
// include: step_state

override WG: u32 = 256u;

struct Params {
    n: u32,        // elements of the arenas
    decayed: u32,  // the first ones, to which weight decay applies
    beta1: f32,
    rest1: f32,    // 1 - beta1: the host subtracts in float64
    beta2: f32,
    rest2: f32,
    weight_decay: f32,
}

@group(0) @binding(0) var<storage, read_write> values: array<f32>;
@group(0) @binding(1) var<storage, read> grads: array<f32>;
@group(0) @binding(2) var<storage, read_write> m: array<f32>;
@group(0) @binding(3) var<storage, read> state: StepState;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn lion(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let lr = state.lr;
    let keep = 1.0 - lr * p.weight_decay;  // what decay leaves of a parameter
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        let g = grads[i];
        // TODO, about 4 lines: The sign of c, then parameter i and momentum i, in place.
    }
}
