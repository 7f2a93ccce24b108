// include: math
// Argmax: where the largest element of each row stands.
//
// Idea: one invocation a row, front to back. Only a strictly larger element takes over, so the first
// of equals wins; NaN counts as larger than everything, so the first NaN wins and stays.
// Cost: 1 comparison and 4 bytes an element. Neighboring invocations read a whole row apart, which
// wastes most of each cache line until the neighbors on it are asked for.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn argmax(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x * WG) {
        let first = row * p.width;
        var best = x[first];
        var place = 0u;
        for (var i = 1u; i < p.width; i++) {
            let value = x[first + i];
            if (!is_nan(best) && (value > best || is_nan(value))) {
                best = value;
                place = i;
            }
        }
        out[row] = place;
    }
}
