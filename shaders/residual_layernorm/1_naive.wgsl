// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: one invocation a row, as in layernorm/1_naive; the first walk writes the sum.
// Cost: 10 FLOPs and at least 16 bytes an element: two reads, two writes. A separate addition and
// normalization move 20, and need one dispatch more.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> residual: array<f32>;
@group(0) @binding(2) var<storage, read> gamma: array<f32>;
@group(0) @binding(3) var<storage, read> beta: array<f32>;
@group(0) @binding(4) var<storage, read_write> sum: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> mean_out: array<f32>;
@group(0) @binding(7) var<storage, read_write> rstd_out: array<f32>;
@group(0) @binding(8) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn residual_layernorm(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x * WG) {
        let start = row * p.width;
        let first = x[start] + residual[start];
        var mean = 0.0;  // less the first
        for (var j = 0u; j < p.width; j++) {
            let v = x[start + j] + residual[start + j];
            sum[start + j] = v;
            mean += v - first;
        }
        mean /= f32(p.width);
        var variance = 0.0;
        for (var j = 0u; j < p.width; j++) {
            let deviation = sum[start + j] - first - mean;
            variance += deviation * deviation;
        }
        let rstd = 1.0 / sqrt(variance / f32(p.width) + p.eps);
        for (var j = 0u; j < p.width; j++) {
            out[start + j] = (sum[start + j] - first - mean) * rstd * gamma[j] + beta[j];
        }
        mean_out[row] = first + mean;
        rstd_out[row] = rstd;
    }
}
