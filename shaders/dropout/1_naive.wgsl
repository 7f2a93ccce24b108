// Dropout, rung 1: one invocation for four elements, because one call of Philox gives four numbers.
//
// Idea: the mask is a pure function of (seed, step, op, index). Nothing is stored for backward: it
// draws the same numbers again, which costs less than reading a mask would.
// Cost: some 300 integer instructions for four elements (WGSL multiplies 32 x 32 bits by hand), and
// 8 bytes an element (12 with a residual).
// include: philox step_state

override WG: u32 = 256u;
override RESIDUAL: u32 = 0u;

struct Params {
    n: u32,          // elements
    op: u32,         // which dropout of the model
    threshold: u32,  // 24-bit numbers from here on stay: p as a fraction of 2^24
    scale: f32,      // 1 / (1 - p)
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> residual: array<f32>;
@group(0) @binding(2) var<storage, read> state: StepState;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn dropout(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let key = vec2<u32>(state.seed, 0u);
    let step = state.step;
    let fours = p.n / 4u + select(0u, 1u, p.n % 4u != 0u);
    for (var i = id.x; i < fours; i += groups.x * WG) {
        // region: draw
        let words = philox(vec4<u32>(i, p.op, step, 0u), key);
        for (var j = 0u; j < 4u; j++) {
            let e = 4u * i + j;
            if (e < p.n) {
                var y = 0.0;
                if ((words[j] >> 8u) >= p.threshold) {
                    y = x[e] * p.scale;
                }
                if (RESIDUAL == 1u) {
                    y += residual[e];
                }
                out[e] = y;
            }
        }
        // end: draw
    }
}
