// include: math cumsum
// Cumsum by workgroups: out[j] = x[0] + .. + x[j] along one dimension of a tensor [outer, length, inner].
//
// Idea: a workgroup takes a column, WG elements at a time. Each invocation adds what stands 1, then 2,
// then 4 places before it, until nothing is left to add (Hillis and Steele, 1986): log2(WG) rounds
// instead of WG steps. The sum of all tiles so far is carried on to the next, with what rounding took
// from it, as rung 1 does.
// Cost: log2(WG) FLOPs and 8 bytes an element. Expected gain over naive: a single long row keeps WG
// invocations busy, and where it lies in one piece its lines are read whole.

override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

var<workgroup> sums: array<u32, 256>;

fn add(a: u32, b: u32) -> u32 {
    if (INTEGER == 1u) {
        return a + b;
    }
    return bitcast<u32>(bitcast<f32>(a) + bitcast<f32>(b));
}

// What is left of a sum's tile once `lost`, by which the sum before it is too large, is taken off.
fn less(sum: u32, lost: f32) -> u32 {
    if (INTEGER == 1u) {
        return sum;
    }
    return bitcast<u32>(bitcast<f32>(sum) - lost);
}

@compute @workgroup_size(WG)
fn cumsum(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let end = p.first + p.count;
    for (var column = id.x; column < p.columns; column += groups.x) {
        var carry = 0u;
        if (p.first > 0u) {
            carry = out[place(column, p.first - 1u)];
        }
        var lost = 0.0;
        for (var tile = p.first; tile < end; tile += WG) {
            // region: scan
            let j = tile + lane;
            var sum = 0u;
            if (j < end) {
                sum = x[place(column, j)];
            }
            sums[lane] = sum;
            workgroupBarrier();
            for (var distance = 1u; distance < WG; distance *= 2u) {
                var before = 0u;
                if (lane >= distance) {
                    before = sums[lane - distance];
                }
                workgroupBarrier();
                if (lane >= distance) {
                    sum = add(before, sum);
                    sums[lane] = sum;
                }
                workgroupBarrier();
            }
            if (j < end) {
                out[place(column, j)] = add(carry, less(sum, lost));
            }
            let term = less(sums[WG - 1u], lost);
            let next = opaque(add(carry, term));
            let whole = bitcast<f32>(next);
            // Infinity and NaN have lost nothing.
            lost = select((whole - bitcast<f32>(carry)) - bitcast<f32>(term), 0.0, is_wild(whole));
            carry = next;
            workgroupBarrier();  // the next tile writes the sums again
            // end: scan
        }
    }
}
