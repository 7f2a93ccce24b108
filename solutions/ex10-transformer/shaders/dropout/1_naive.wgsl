// Dropout: each element of x is zeroed with probability p, the others are multiplied by 1 / (1 - p);
// the residual, if there is one, is added to the result.
//
// Idea: the mask is a pure function of (seed, step, op, index). Nothing is stored for backward: it
// draws the same numbers again, which costs less than reading a mask would. One call of Philox gives
// four words, so an invocation takes four neighbors: element e has word e % 4 of the call with counter
// (e / 4, op, step, 0). It stays if the upper 24 bits of the word are at least the threshold.
// Cost: some 300 integer instructions for four elements (WGSL multiplies 32 x 32 bits by hand), and
// 8 bytes an element (12 with a residual). Expected gain over one call an element: four times fewer of
// those instructions.
// include: philox step_state

override WG: u32 = 256u;
override RESIDUAL: u32 = 0u;  // 1: add it. Without it, x is bound in its place

struct Params {
    n: u32,          // elements
    op: u32,         // which dropout of the model
    threshold: u32,  // words whose upper 24 bits are at least this stay: p * 2^24
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
    let grid = groups.x * WG;
    // exercise: begin, about 16 lines: Walk over the fours of n in steps of the whole grid; the last may
    //   be short. philox(counter, key) gives the words [0] to [3] of one four.
    for (var i = id.x; 4u * i < p.n; i += grid) {
        let words = philox(vec4<u32>(i, p.op, step, 0u), key);
        for (var j = 0u; j < 4u; j++) {
            let e = 4u * i + j;
            if (e >= p.n) {
                break;
            }
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
    // exercise: end
}
