// include: reduce
// LayerNorm: out = (x - mean) rstd gamma + beta for each row, rstd = 1 / sqrt(var + eps).
//
// Idea: a workgroup for each row. Neighboring invocations read neighboring elements, and each keeps
// its PER elements in registers, so that memory is read once although the row is needed three times.
// That also settles how to get the variance. Welford's method finds it in one walk, at a division an
// element; E[x^2] - mean^2 in one walk too, but loses every digit when the mean is large. With the
// row in registers a second walk is free: first the mean, then the sum of squared deviations.
// Kept is what lies between a number and the row's first: a sum of large numbers would round away what
// tells them apart.
// Cost: 9 FLOPs and 8 bytes an element, and two reductions over the workgroup. Expected gain over
// naive: ten times and more on a GPU.

override WG: u32 = 256u;
const PER: u32 = 4u; // tune: 1 2 3 4 6 8

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
        // region: load
        let first = x[start];
        var v: array<f32, PER>;
        var total = 0.0;
        for (var k = 0u; k < PER; k++) {
            let j = lane + k * WG;
            v[k] = 0.0;
            if (j < p.width) {
                v[k] = x[start + j] - first;
            }
            total += v[k];
        }
        let mean = block_sum(total, lane) / f32(p.width);
        // end: load
        // region: variance
        var squares = 0.0;
        for (var k = 0u; k < PER; k++) {
            let deviation = select(0.0, v[k] - mean, lane + k * WG < p.width);
            squares += deviation * deviation;
        }
        let rstd = 1.0 / sqrt(block_sum(squares, lane) / f32(p.width) + p.eps);
        // end: variance
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
