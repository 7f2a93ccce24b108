// include: math
// Softmax backward, from the output: dx = y (dy - sum(dy y)). With LOG = 1, log-softmax backward:
// dx = dy - e^y sum(dy).
//
// Idea: one invocation a row, two walks: the sum, then dx.
// Cost: 4 FLOPs (LOG: 13) and at least 12 bytes an element, read as badly as in softmax/1_naive.

override WG: u32 = 256u;
override LOG: u32 = 0u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> y: array<f32>;
@group(0) @binding(1) var<storage, read> dy: array<f32>;
@group(0) @binding(2) var<storage, read_write> dx: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn softmax_backward(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x * WG) {
        let start = row * p.width;
        // region: walks
        var sum = 0.0;
        for (var i = start; i < start + p.width; i++) {
            if (LOG == 1u) {
                sum += dy[i];
            } else {
                sum += dy[i] * y[i];
            }
        }
        for (var i = start; i < start + p.width; i++) {
            if (LOG == 1u) {
                dx[i] = dy[i] - exp_nan(y[i]) * sum;
            } else {
                dx[i] = y[i] * (dy[i] - sum);
            }
        }
        // end: walks
    }
}
