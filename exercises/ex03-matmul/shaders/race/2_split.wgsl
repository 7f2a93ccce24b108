// A row times a matrix: c = a b with a [k], b [k, n] and c [n]. It is the product that a model makes of
// every layer for every token it writes.
//
// Idea: there is one row of results, and an invocation for each of them would leave most of the GPU idle.
// So a workgroup takes 32 columns and splits the terms among 8 teams of 32 lanes. 256 terms at a time, the
// numbers of a are brought into workgroup memory, since all teams need them. Team s multiplies every eighth
// of them, and then the 8 sums of a column are added. They go where a was: its numbers are used up by then.
// Cost: 2 k n FLOPs, 4 k n bytes: every number of b is read once, and neighbors by neighbors.
// Expected gain over an invocation for each column: up to eight times, where columns are few.

const CHUNK: u32 = 256u;

struct Params {
    n: u32,  // columns of b
    k: u32,  // rows of b
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> numbers: array<f32, CHUNK>;

@compute @workgroup_size(256)
fn row_times_matrix(
    @builtin(local_invocation_index) index: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let lane = index % 32u;
    let split = index / 32u;
    for (var j0 = id.x * 32u; j0 < p.n; j0 += groups.x * 32u) {
        let j = j0 + lane;
        var total = 0.0;
        for (var l0 = 0u; l0 < p.k; l0 += CHUNK) {
            workgroupBarrier();  // all are done with the last sums
            var from_a = 0.0;
            if (l0 + index < p.k) {
                from_a = a[l0 + index];
            }
            numbers[index] = from_a;
            workgroupBarrier();  // all 256 numbers of a are there
            var sum = 0.0;
            for (var l = split; l < CHUNK; l += 8u) {
                var from_b = 0.0;
                if (l0 + l < p.k && j < p.n) {
                    from_b = b[(l0 + l) * p.n + j];
                }
                sum += numbers[l] * from_b;
            }
            numbers[index] = sum;
            workgroupBarrier();  // all 8 sums of each column are there
            // Every team adds them up, which takes no longer than if one did.
            for (var s = 0u; s < 8u; s++) {
                total += numbers[s * 32u + lane];
            }
        }
        // All teams know all totals; each writes four of them.
        if (split == lane / 4u && j < p.n) {
            c[j] = total;
        }
    }
}
