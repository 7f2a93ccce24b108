// include: math
// Multinomial: draws places of each row, each as often as its weight says, and puts them back.
//
// Idea: a number u between 0 and 1, times the sum of all weights, falls between two running sums: the
// place that lies there is drawn. Workgroups of WG invocations take WG draws of one row. First every
// invocation adds up a piece of the row, then the sums of the pieces are added up in their order; each
// draw looks for its piece, and in it for its place. All machines add in this one order, so all of them
// draw the same.
// Cost: one walk over the row for WG draws, and WG + width / WG steps a draw.
// A row that is no distribution (a weight below 0, infinite or NaN; a sum of 0 or beyond f32) draws
// 0xffffffff, which no table has as a row.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
    draws: u32,  // of each row
    piece: u32,  // ceil(width / WG)
}

@group(0) @binding(0) var<storage, read> weights: array<f32>;
@group(0) @binding(1) var<storage, read> uniforms: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(WG)
fn multinomial(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let each = (p.draws + WG - 1u) / WG;
    for (var group = id.x; group < p.rows * each; group += groups.x) {
        let row = group / each;
        let start = row * p.width;
        // region: pieces
        var sum = 0.0;
        for (var i = min(lane * p.piece, p.width); i < min((lane + 1u) * p.piece, p.width); i++) {
            let weight = weights[start + i];
            // Not a weight: the whole row is none.
            sum += select(weight, from_bits(0x7f800000u), weight < 0.0 || is_wild(weight));
        }
        sums[lane] = sum;
        workgroupBarrier();
        var total = 0.0;
        for (var i = 0u; i < WG; i++) {
            total += sums[i];
        }
        // end: pieces
        let draw = group % each * WG + lane;
        if (draw < p.draws) {
            let place = find(start, uniforms[row * p.draws + draw] * total);
            out[row * p.draws + draw] = select(place, 0xffffffffu, is_wild(total) || total == 0.0);
        }
        workgroupBarrier();  // the next group writes the sums again
    }
}

// The first place whose running sum is above `goal`; where rounding leaves none, the last with a weight.
fn find(start: u32, goal: f32) -> u32 {
    // region: find
    var running = 0.0;
    var below = 0.0;
    var piece = 0u;
    for (var i = 0u; i < WG; i++) {
        if (sums[i] > 0.0) {
            piece = i;
            below = running;
        }
        running += sums[i];
        if (running > goal) {
            break;
        }
    }
    var place = 0u;
    for (var i = piece * p.piece; i < min((piece + 1u) * p.piece, p.width); i++) {
        let weight = weights[start + i];
        below += weight;
        if (weight > 0.0) {
            place = i;
            if (below > goal) {
                break;
            }
        }
    }
    return place;
    // end: find
}
