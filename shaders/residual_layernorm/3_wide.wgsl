// include: reduce
// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: a workgroup for each row, as in layernorm/3_wide; the first walk writes the sum, and the two
// that follow read it. Each invocation reads what it wrote itself, so nothing has to wait.
// Cost: 11 FLOPs an element, and 16 bytes where the cache holds the row, 24 where it does not. Expected
// gain over naive: ten times and more on a GPU.

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
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        let first = x[start] + residual[start];
        var total = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            let v = x[start + j] + residual[start + j];
            sum[start + j] = v;
            total += v - first;
        }
        let mean = block_sum(total, lane) / f32(p.width);  // less the first
        var squares = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            let deviation = sum[start + j] - first - mean;
            squares += deviation * deviation;
        }
        let rstd = 1.0 / sqrt(block_sum(squares, lane) / f32(p.width) + p.eps);
        for (var j = lane; j < p.width; j += WG) {
            out[start + j] = (sum[start + j] - first - mean) * rstd * gamma[j] + beta[j];
        }
        if (lane == 0u) {
            mean_out[row] = first + mean;
            rstd_out[row] = rstd;
        }
    }
}
