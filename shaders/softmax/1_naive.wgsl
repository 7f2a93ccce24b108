// include: math
// Softmax of each row, or with LOG = 1 its logarithm.
//
// Idea: one invocation a row, three walks along it: the maximum, the sum of e^(x - max), the output.
// The maximum changes nothing on paper; without it e^100 overflows.
// Cost: 25 FLOPs an element; 8 bytes if the row stayed in cache, in truth far more, since
// neighboring invocations read elements that lie a row apart.

override WG: u32 = 256u;
override LOG: u32 = 0u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn softmax(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x * WG) {
        let start = row * p.width;
        // Not minus infinity: a row may hold that, and -inf - -inf is not a number.
        var largest = -3.4028234e+38;
        for (var j = 0u; j < p.width; j++) {
            largest = max_nan(largest, x[start + j]);
        }
        var sum = 0.0;
        for (var j = 0u; j < p.width; j++) {
            sum += exp_nan(x[start + j] - largest);
        }
        let log_sum = log_exact(sum);
        for (var j = 0u; j < p.width; j++) {
            let v = x[start + j] - largest;
            if (LOG == 1u) {
                out[start + j] = v - log_sum;
            } else {
                out[start + j] = exp_nan(v) / sum;
            }
        }
    }
}
