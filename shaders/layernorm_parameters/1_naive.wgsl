// LayerNorm backward, the parameters' gradients:
//
//   dgamma = sum over rows of dy xhat,   dbeta = sum over rows of dy,   xhat = (x - mean) rstd
//
// Idea: one invocation a column, all the way down. Neighboring invocations read neighboring
// columns, which is good; but a width of 384 employs 384 invocations of a GPU that runs thousands.
// Cost: 5 FLOPs and 8 bytes an element; x and dy are read a second time, after layernorm_backward.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    accumulate: u32,  // 1: add to what is there
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read> rstd: array<f32>;
@group(0) @binding(3) var<storage, read> dy: array<f32>;
@group(0) @binding(4) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(5) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn layernorm_parameters(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var j = id.x; j < p.width; j += groups.x * WG) {
        // region: column
        var gain = 0.0;
        var bias = 0.0;
        for (var row = 0u; row < p.rows; row++) {
            let i = row * p.width + j;
            gain += dy[i] * ((x[i] - mean[row]) * rstd[row]);
            bias += dy[i];
        }
        // end: column
        if (p.accumulate == 1u) {
            gain += dgamma[j];
            bias += dbeta[j];
        }
        dgamma[j] = gain;
        dbeta[j] = bias;
    }
}
