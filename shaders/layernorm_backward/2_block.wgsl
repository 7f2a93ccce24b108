// include: reduce
// LayerNorm backward: the input's gradient, and the first stage of the parameters'.
// With xhat = (x - mean) rstd and g = dy gamma:
//
//   dx = rstd (g - mean(g) - xhat mean(g xhat)),   dgamma = sum_rows dy xhat,   dbeta = sum_rows dy
//
// Idea: a workgroup takes a chunk of rows, one after the other. A row's xhat and g stay in registers,
// so x and dy are read once for all three results. Every invocation always has the same PER columns:
// what its rows add to dgamma and dbeta gathers in registers too, and is written once, at the chunk's
// end, to the chunk's own place. layernorm_parameters/2_block adds the chunks up. No atomics: the
// order of every sum is fixed by the shape, so the same inputs give the same bits.
// Cost: 14 FLOPs and 12 bytes an element, plus 8 bytes a column and chunk. Expected gain over naive:
// ten times and more on a GPU, and x and dy are read once instead of twice.

override WG: u32 = 256u;
const PER: u32 = 4u; // tune: 1 2 3 4 6 8

struct Params {
    rows: u32,
    width: u32,
    rows_per_chunk: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gamma: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> rstd: array<f32>;
@group(0) @binding(4) var<storage, read> dy: array<f32>;
@group(0) @binding(5) var<storage, read_write> dx: array<f32>;
@group(0) @binding(6) var<storage, read_write> partial_sums: array<f32>;
@group(0) @binding(7) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn layernorm_backward(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
) {
    var gain: array<f32, PER>;
    var dgamma: array<f32, PER>;
    var dbeta: array<f32, PER>;
    var xhat: array<f32, PER>;
    var g: array<f32, PER>;
    for (var k = 0u; k < PER; k++) {
        if (lane + k * WG < p.width) {
            gain[k] = gamma[lane + k * WG];
        }
    }
    let first = id.x * p.rows_per_chunk;
    let end = min(p.rows, first + p.rows_per_chunk);
    for (var row = first; row < end; row++) {
        let start = row * p.width;
        // region: gather
        let m = mean[row];
        let r = rstd[row];
        var sum_g = 0.0;
        var sum_gx = 0.0;
        for (var k = 0u; k < PER; k++) {
            let j = lane + k * WG;
            if (j < p.width) {
                let up = dy[start + j];
                xhat[k] = (x[start + j] - m) * r;
                g[k] = up * gain[k];
                dgamma[k] += up * xhat[k];
                dbeta[k] += up;
                sum_g += g[k];
                sum_gx += g[k] * xhat[k];
            }
        }
        // end: gather
        // region: input
        let mean_g = block_sum(sum_g, lane) / f32(p.width);
        let mean_gx = block_sum(sum_gx, lane) / f32(p.width);
        for (var k = 0u; k < PER; k++) {
            let j = lane + k * WG;
            if (j < p.width) {
                dx[start + j] = r * (g[k] - mean_g - xhat[k] * mean_gx);
            }
        }
        // end: input
    }
    // region: partial
    let mine = id.x * 2u * p.width;
    for (var k = 0u; k < PER; k++) {
        let j = lane + k * WG;
        if (j < p.width) {
            partial_sums[mine + j] = dgamma[k];
            partial_sums[mine + p.width + j] = dbeta[k];
        }
    }
    // end: partial
}
