// include: rank
// Top k: the k largest elements of each row, the largest first, and where they stood.
//
// Idea: a workgroup a row, k passes over it. Every pass looks for the element that comes next after
// the one that was found last: each invocation in its share of the row, then a tree. What counts is the
// rank, a number that grows as elements get smaller; of equals the one further in front comes first,
// and NaN comes before everything.
// Cost: k comparisons and, where the row stays in cache, 4 bytes an element. Good for a small k: the
// next token of a text.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    k: u32,
    first: u32,  // this launch makes passes first .. first + count
    count: u32,
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> values: array<u32>;
@group(0) @binding(2) var<storage, read_write> places: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

// Ranks and places of what each invocation has found.
var<workgroup> found: array<vec2<u32>, 256>;

@compute @workgroup_size(WG)
fn topk(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var row = id.x; row < p.rows; row += groups.x) {
        let start = row * p.width;
        var last = vec2<u32>(0u, 0u);
        if (p.first > 0u) {
            let at = places[row * p.k + p.first - 1u];
            last = vec2<u32>(rank(x[start + at]), at);
        }
        for (var turn = p.first; turn < p.first + p.count; turn++) {
            // region: pass
            var best = vec2<u32>(0xffffffffu, 0xffffffffu);
            for (var i = lane; i < p.width; i += WG) {
                let here = vec2<u32>(rank(x[start + i]), i);
                if (before(here, best) && (turn == 0u || before(last, here))) {
                    best = here;
                }
            }
            found[lane] = best;
            workgroupBarrier();
            for (var half = WG / 2u; half > 0u; half /= 2u) {
                if (lane < half && before(found[lane + half], found[lane])) {
                    found[lane] = found[lane + half];
                }
                workgroupBarrier();
            }
            last = found[0];
            if (lane == 0u) {
                values[row * p.k + turn] = x[start + last.y];
                places[row * p.k + turn] = last.y;
            }
            workgroupBarrier();  // the next pass writes the finds again
            // end: pass
        }
    }
}
