// out += alpha * x, in place.
//
// Idea: one invocation an element, in a grid-stride loop.
// Cost: 2 FLOPs and 12 bytes an element (two reads, one write): bandwidth decides.

override WG: u32 = 256u;

struct Params {
    n: u32,
    alpha: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn accumulate(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        out[i] += p.alpha * x[i];
    }
}
