// Column sums, the definition: one invocation for each column walks down all rows.
//
// Cost: m n FLOPs, 4 m n bytes. Neighboring invocations read neighboring columns, so whole lines are
// used; but a matrix has few columns, and most of the GPU has nothing to do.

override WG: u32 = 256u;
override ACCUMULATE: u32 = 0u;

struct Params {
    rows: u32,
    columns: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn column_sum(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var j = id.x; j < p.columns; j += groups.x * WG) {
        var sum = 0.0;
        for (var i = 0u; i < p.rows; i++) {
            sum += x[i * p.columns + j];
        }
        if (ACCUMULATE != 0u) {
            sum += out[j];
        }
        out[j] = sum;
    }
}
