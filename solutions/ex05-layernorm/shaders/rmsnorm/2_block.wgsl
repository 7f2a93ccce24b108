// RMSNorm: out[i, j] = x[i, j] / rms(row i) * gain[j], rms = sqrt(mean of x^2 + eps).
//
// LayerNorm without the mean and without the bias (Zhang and Sennrich, 2019): what most large models
// use today. One sum a row instead of two, and nothing is subtracted.
//
// Idea: a workgroup for each row. Neighboring invocations read neighboring elements, each adds up
// its own share of the squares, and a tree in workgroup memory adds up the shares: in every round the
// lower half of the invocations adds what the upper half holds, so WG numbers take log2(WG) rounds.
// Cost: 4 FLOPs and 8 bytes an element (the second read comes from cache while the row fits there),
// and log2(WG) + 2 barriers a row. Expected gain over one invocation a row: ten times and more on a
// GPU, since those read addresses that lie a whole row apart.

override WG: u32 = 128u;

struct Params {
    rows: u32,
    width: u32,
    eps: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> gain: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> sums: array<f32, 256>;  // the first WG of them are used

@compute @workgroup_size(WG)
fn rmsnorm(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    // There may be more rows than workgroups: they walk on.
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        // exercise: begin, about 14 lines: Add up this lane's squares (the row may be shorter or
        //   longer than the workgroup), then everybody's by a tree in sums, and make the row's scale
        //   of it. Where must all wait for all?
        // stub: let scale = 0.0;
        var mine = 0.0;
        for (var j = lane; j < p.width; j += WG) {
            mine += x[start + j] * x[start + j];
        }
        sums[lane] = mine;
        workgroupBarrier();
        for (var half = WG / 2u; half > 0u; half /= 2u) {
            if (lane < half) {
                sums[lane] += sums[lane + half];
            }
            workgroupBarrier();
        }
        let scale = 1.0 / sqrt(sums[0] / f32(p.width) + p.eps);
        workgroupBarrier();  // the next row's shares come into the same place
        // exercise: end
        for (var j = lane; j < p.width; j += WG) {
            out[start + j] = x[start + j] * scale * gain[j];
        }
    }
}
