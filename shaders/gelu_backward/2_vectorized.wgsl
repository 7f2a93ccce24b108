// include: gelu
// GELU backward: dx[i] = dy[i] gelu'(x[i]), four elements an invocation.
//
// Idea: loads and stores of 16 bytes, as in gelu/2_vectorized.
// Cost: as naive, 24 FLOPs and 12 bytes an element. Expected gain: a tenth.

override WG: u32 = 256u;

struct Params {
    n: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<f32>>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn gelu_backward(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = id.x; i < (p.n + 3u) / 4u; i += groups.x * WG) {
        // region: fours
        let v = x[i];
        let slope = vec4<f32>(gelu_slope(v.x), gelu_slope(v.y), gelu_slope(v.z), gelu_slope(v.w));
        let g = dy[i] * slope;
        // end: fours
        if (i < p.n / 4u) {
            dx[i] = g;
        } else {
            for (var c = 0u; c < p.n % 4u; c++) {
                dx[i][c] = g[c];
            }
        }
    }
}
