// include: gelu
// GELU backward: dx[i] = dy[i] gelu'(x[i]).
//
// Idea: one invocation an element. The exponential is computed again: reading it back would cost as
// many bytes as reading x, and the arithmetic is free as long as memory decides.
// Cost: about 24 FLOPs and 12 bytes an element.

override WG: u32 = 256u;

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn gelu_backward(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        dx[i] = dy[i] * gelu_slope(x[i]);
    }
}
