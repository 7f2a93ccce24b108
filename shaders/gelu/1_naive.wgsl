// include: gelu
// GELU: out[i] = gelu(x[i]).
//
// Idea: one invocation an element; neighboring invocations read neighboring elements.
// Cost: about 16 FLOPs and 8 bytes an element. Memory decides, and the prediction to check is
// time = 8 n bytes / bandwidth.

override WG: u32 = 256u;

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn gelu(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        out[i] = gelu_of(x[i]);
    }
}
