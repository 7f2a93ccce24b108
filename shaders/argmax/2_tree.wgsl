// include: math
// Argmax by a tree: a workgroup shares each row.
//
// Idea: every invocation looks at its share of the row, side by side with its neighbors, and keeps
// the best value and where it stood; then the upper half hands its finds to the lower half, in
// workgroup memory, until one is left. Of equals the one further in front wins, whoever looked at it;
// NaN counts as larger than everything.
// Cost: as naive, 1 comparison and 4 bytes an element. Expected gain: whole cache lines are read, and
// a single row (the next token of a text) keeps 256 invocations busy instead of one.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> values: array<f32, 256>;
var<workgroup> places: array<u32, 256>;

// Whether w at place j goes before v at place i.
fn ahead(w: f32, j: u32, v: f32, i: u32) -> bool {
    if (is_nan(v) || is_nan(w)) {
        return is_nan(w) && (!is_nan(v) || j < i);
    }
    return w > v || (w == v && j < i);
}

@compute @workgroup_size(WG)
fn argmax(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let first = row * p.width;
        var best = x[first];
        var place = 0u;
        for (var i = lane; i < p.width; i += WG) {
            let value = x[first + i];
            if (ahead(value, i, best, place)) {
                best = value;
                place = i;
            }
        }
        values[lane] = best;
        places[lane] = place;
        workgroupBarrier();
        for (var half = WG / 2u; half > 0u; half /= 2u) {
            if (lane < half) {
                let other = lane + half;
                if (ahead(values[other], places[other], values[lane], places[lane])) {
                    values[lane] = values[other];
                    places[lane] = places[other];
                }
            }
            workgroupBarrier();
        }
        if (lane == 0u) {
            out[row] = places[0];
        }
        workgroupBarrier();  // the next row writes the finds again
    }
}
