// include: reduce
// Residual and LayerNorm: sum = x + residual, out = layernorm(sum).
//
// Idea: a workgroup for each row with the sum in registers, as in layernorm/2_block. The
// normalization needs no read of its own: it works on the sum before that has left the chip.
// Cost: 10 FLOPs and 16 bytes an element, where two kernels move 20. Expected gain over them: a fifth,
// and a dispatch; over naive: ten times and more on a GPU.

override WG: u32 = 256u;
const PER: u32 = 4u; // tune: 1 2 3 4 6 8

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
        // region: sum
        let first = x[start] + residual[start];
        var v: array<f32, PER>;
        var total = 0.0;
        for (var k = 0u; k < PER; k++) {
            let j = lane + k * WG;
            v[k] = 0.0;
            if (j < p.width) {
                let both = x[start + j] + residual[start + j];
                sum[start + j] = both;
                v[k] = both - first;
            }
            total += v[k];
        }
        let mean = block_sum(total, lane) / f32(p.width);
        // end: sum
        var squares = 0.0;
        for (var k = 0u; k < PER; k++) {
            let deviation = select(0.0, v[k] - mean, lane + k * WG < p.width);
            squares += deviation * deviation;
        }
        let rstd = 1.0 / sqrt(block_sum(squares, lane) / f32(p.width) + p.eps);
        for (var k = 0u; k < PER; k++) {
            let j = lane + k * WG;
            if (j < p.width) {
                out[start + j] = (v[k] - mean) * rstd * gamma[j] + beta[j];
            }
        }
        if (lane == 0u) {
            mean_out[row] = first + mean;
            rstd_out[row] = rstd;
        }
    }
}
