// include: reduce
// LayerNorm: out = (x - mean) rstd gamma + beta for each row, rstd = 1 / sqrt(var + eps).
//
// Idea: a workgroup for each row, as in layernorm/2_block, for rows that do not fit its registers. It
// walks along the row three times, for the mean, the variance and the output, and the second and
// third time finds in cache what the cache could hold.
// Cost: 10 FLOPs an element, and 8 bytes where the cache holds the row, 16 where it does not. Expected
// gain over naive: ten times and more on a GPU; over 2_block none, which cannot take such rows.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> beta: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read_write> mean_out: array<f32>;
@group(0) @binding(5) var<storage, read_write> rstd_out: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn layernorm(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        // region: row
        let first = x[start];
        var total = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            total += x[start + j] - first;
        }
        let mean = block_sum(total, lane) / f32(p.width);  // less the first
        var squares = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            let deviation = x[start + j] - first - mean;
            squares += deviation * deviation;
        }
        let rstd = 1.0 / sqrt(block_sum(squares, lane) / f32(p.width) + p.eps);
        for (var j = lane; j < p.width; j += WG) {
            out[start + j] = (x[start + j] - first - mean) * rstd * gamma[j] + beta[j];
        }
        // end: row
        if (lane == 0u) {
            mean_out[row] = first + mean;
            rstd_out[row] = rstd;
        }
    }
}
