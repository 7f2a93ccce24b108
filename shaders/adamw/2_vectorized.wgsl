// AdamW, rung 2: four parameters an invocation, loaded and stored as one 16-byte vector.
//
// Idea: the arithmetic hides behind the memory, so only the memory counts. One 16-byte load asks for
// as much as four 4-byte loads with a quarter of the instructions, and an invocation has 64 bytes under
// way at once. WGSL's vectors make the update itself no longer than rung 1's.
// Cost: as rung 1: 28 bytes a parameter.
// Gain: a few per cent of bandwidth; rung 1 is coalesced already.
// include: step_state clip expm1

override WG: u32 = 256u;
override CLIP: u32 = 0u;

struct Params {
    n: u32,        // elements of the arenas, a multiple of 4
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
    if (!is_finite(norm[0])) {
        return;
    }
    let lr = state.lr;
    let step = f32(max(state.step, 1u));
    let rate = lr / -expm1(step * p.ln_beta1);
    let root = 1.0 / sqrt(-expm1(step * p.ln_beta2));
    var clip = 1.0;
    if (CLIP == 1u) {
        clip = clip_factor(norm[0], p.max_norm);
    }
    let keep = vec4<f32>(1.0 - lr * p.weight_decay);
    let lanes = vec4<u32>(0u, 1u, 2u, 3u);

    for (var i = id.x; i < p.n / 4u; i += groups.x * WG) {
        // region: loop
        let g = grads[i] * clip;
        let m_new = p.beta1 * m[i] + p.rest1 * g;
        let v_new = p.beta2 * v[i] + p.rest2 * (g * g);
        let decay = (4u * i + lanes) < vec4<u32>(p.decayed);
        let value = values[i] * select(vec4<f32>(1.0), keep, decay);
        m[i] = m_new;
        v[i] = v_new;
        values[i] = value - rate * (m_new / (sqrt(v_new) * root + p.eps));
        // end: loop
    }
}
