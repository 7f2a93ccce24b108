// include: reduce
// LayerNorm backward, the input's gradient. With xhat = (x - mean) rstd and g = dy gamma:
//
//   dx = rstd (g - mean(g) - xhat mean(g xhat))
//
// Idea: a workgroup for each row, for rows that do not fit the registers of layernorm_backward/2_block.
// Two walks: the two means, then dx. There are enough columns to give each an invocation of its own,
// so gamma's and beta's gradients are left to layernorm_parameters/1_naive.
// Cost: 14 FLOPs an element, and 12 bytes where the cache holds the row, 20 where it does not. Expected
// gain over naive: ten times and more on a GPU.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn layernorm_backward(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        // region: row
        let m = mean[row];
        let r = rstd[row];
        var sum_g = 0.0;
        var sum_gx = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            let g = dy[start + j] * gamma[j];
            sum_g += g;
            sum_gx += g * (x[start + j] - m) * r;
        }
        let mean_g = block_sum(sum_g, lane) / f32(p.width);
        let mean_gx = block_sum(sum_gx, lane) / f32(p.width);
        for (var j = lane; j < p.width; j += WG) {
            let xhat = (x[start + j] - m) * r;
            dx[start + j] = r * (dy[start + j] * gamma[j] - mean_g - xhat * mean_gx);
        }
        // end: row
    }
}
