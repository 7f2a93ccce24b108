// include: reduce
// Softmax of each row. A row of nothing but -inf (everything is masked) becomes zeros.
//
// Idea: a workgroup for each row, three walks along it: the maximum, the sum of e^(x - max), the
// output. Each walk is shared by the invocations of the workgroup; block_max and block_sum bring
// their parts together.
// Cost: 25 FLOPs and 8 bytes an element, if the row stays in cache.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn softmax(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        // exercise: bug
        // stub: var mine = x[start];
        // stub: if (lane < p.width) {
        // stub:     mine = max(mine, x[start + lane]);
        // stub: }
        var mine = -3.4028234e+38;
        for (var j = lane; j < p.width; j += WG) {
            mine = max(mine, x[start + j]);
        }
        // exercise: end
        let largest = block_max(mine, lane);

        var sum = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            sum += exp(x[start + j] - largest);
        }
        let total = block_sum(sum, lane);

        // exercise: bug
        // stub: let scale = 1.0 / total;
        var scale = 0.0;
        if (total > 0.0) {
            scale = 1.0 / total;
        }
        // exercise: end
        for (var j = lane; j < p.width; j += WG) {
            out[start + j] = exp(x[start + j] - largest) * scale;
        }
    }
}
