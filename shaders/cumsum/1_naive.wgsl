// include: math cumsum
// Cumsum: out[j] = x[0] + .. + x[j] along one dimension of a tensor [outer, length, inner].
//
// Idea: one invocation a column, which walks along the dimension and writes its running sum. What each
// addition rounds off is kept and added to the next term (Kahan, 1965): a plain running sum drifts away
// from a long row of equal numbers.
// Cost: 4 FLOPs and 8 bytes an element. Good where many columns lie side by side; a single long row
// leaves all invocations but one idle.

override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn cumsum(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var column = id.x; column < p.columns; column += groups.x * WG) {
        // region: walk
        var whole = 0u;
        if (p.first > 0u) {
            whole = out[place(column, p.first - 1u)];
        }
        var sum = bitcast<f32>(whole);
        var lost = 0.0;
        for (var j = p.first; j < p.first + p.count; j++) {
            let at = place(column, j);
            if (INTEGER == 1u) {
                whole += x[at];
                out[at] = whole;
                continue;
            }
            let term = bitcast<f32>(x[at]) - lost;
            let next = bitcast<f32>(opaque(bitcast<u32>(sum + term)));
            // Infinity and NaN have lost nothing.
            lost = select((next - sum) - term, 0.0, is_wild(next));
            sum = next;
            out[at] = bitcast<u32>(sum);
        }
        // end: walk
    }
}
