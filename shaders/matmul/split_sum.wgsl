// include: matmul
// Adds the parts of a product whose k was cut (4_register_tiled) and finishes it.
//
// Idea: one invocation for each element of the result, as in 2_coalesced, but its terms are whole parts.
// Their order is fixed, so the bits are the same every time; atomic additions would leave it to chance.
// Cost: parts m n FLOPs, 4 (parts + 1) m n bytes: little beside the product itself.

override WG: u32 = 256u;

// `a` holds the parts, [parts, batches, m, n]; `span` says how many there are. `b` is not read.
@compute @workgroup_size(WG)
fn split_sum(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let total = p.batches * p.m * p.n;
    for (var e = id.x; e < total; e += groups.x * WG) {
        // region: parts
        var sum = 0.0;
        for (var part = 0u; part < p.span; part++) {
            sum += a[part * total + e];
        }
        // end: parts
        finish(e / p.n / p.m, e / p.n % p.m, e % p.n, sum);
    }
}
