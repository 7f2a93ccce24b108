// AdamW over whole arenas, four parameters an invocation.
//
// Idea: the arithmetic hides behind the memory, so only the memory counts. One 16-byte load asks for
// as much as four 4-byte loads with a quarter of the instructions, and an invocation has 64 bytes under
// way at once. What changes from step to step (learning rate, step, the gradient's norm) is read from
// the device: the host is not asked, and a recorded step can be replayed.
// Cost: 14 FLOPs and 28 bytes a parameter (4 loads, 3 stores): bound by memory.
// Expected gain over 1_naive: a few per cent of bandwidth; that one is coalesced already.
// include: step_state clip expm1

override WG: u32 = 256u;
override CLIP: u32 = 0u;  // 1: gradients longer than max_norm are scaled down to it

struct Params {
    n: u32,        // elements of the arenas, a multiple of 4
    decayed: u32,  // the first ones, to which weight decay applies; any number of them
    beta1: f32,
    rest1: f32,    // 1 - beta1: the host subtracts in float64
    beta2: f32,
    rest2: f32,
    ln_beta1: f32, // beta^step is exp(step * ln beta)
    ln_beta2: f32,
    eps: f32,
    weight_decay: f32,
    max_norm: f32,
}

@group(0) @binding(0) var<storage, read_write> values: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> grads: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> m: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> v: array<vec4<f32>>;
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
    let lr = state.lr;
    let step = f32(max(state.step, 1u));
    // What is the same for all parameters of one step.
    var clip = 1.0;  // factor of the gradient
    var keep = 1.0;  // what weight decay leaves of a decayed parameter
    var rate = lr;   // lr / (1 - beta1^step)
    var root = 1.0;  // 1 / sqrt(1 - beta2^step)
    // TODO, about 9 lines: Leave if the norm is not finite, so that the weights of before are
    //   still there when the host looks for the cause. Else fill the four. For beta near 1 the
    //   difference 1 - beta^step is small: expm1, which is e^x - 1, takes it without losing digits.

    let lanes = vec4<u32>(0u, 1u, 2u, 3u);
    for (var i = id.x; i < p.n / 4u; i += groups.x * WG) {
        // TODO, about 7 lines: Clip, both moments, the decay (it may end within a vector),
        //   the step. An operator on vectors works on all four elements; select chooses for each.
    }
}
