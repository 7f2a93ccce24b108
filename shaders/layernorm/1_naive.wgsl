// LayerNorm: out = (x - mean) rstd gamma + beta for each row, rstd = 1 / sqrt(var + eps).
//
// Idea: one invocation a row, three walks along it: the mean, the variance, the output.
// Sums are of what lies between a number and the row's first: what all have in common would cost them
// their last digits, and in a long row of large numbers the first ones too.
// Cost: 9 FLOPs an element, and 8 bytes if the row stayed in cache. It does not: neighboring
// invocations touch elements that lie a row apart, so that each takes a whole cache line for itself.
// On a GPU most of the time goes into the third walk's writing: a line that was read serves the next
// steps from cache, but a store is sent on at once, 4 bytes for a whole sector of 32.
// That access pattern, not the three walks, is what the next rung mends.

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
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x * WG) {
        let start = row * p.width;
        let first = x[start];
        var mean = 0.0;  // less the first
        for (var j = 0u; j < p.width; j++) {
            mean += x[start + j] - first;
        }
        mean /= f32(p.width);
        var variance = 0.0;
        for (var j = 0u; j < p.width; j++) {
            let deviation = x[start + j] - first - mean;
            variance += deviation * deviation;
        }
        let rstd = 1.0 / sqrt(variance / f32(p.width) + p.eps);
        for (var j = 0u; j < p.width; j++) {
            out[start + j] = (x[start + j] - first - mean) * rstd * gamma[j] + beta[j];
        }
        mean_out[row] = first + mean;
        rstd_out[row] = rstd;
    }
}
