// include: matmul
// Matrix multiply, the definition: one invocation for each element of the result.
//
// Idea: invocation (i, j) walks along row i of a and down column j of b. Invocations are counted down
// the rows of the result, one column after the other; nobody has asked yet how that lies in memory.
// Cost: 2 m n k FLOPs, and 8 m n k bytes asked of the caches: every element of a is read n times,
// every element of b m times. Worse is where they lie. The lanes that go in step (32 on many cards)
// stand in as many rows of one column: they share their element of b, but their elements of a lie a
// whole row apart, and so do the results they store. Caches answer in sectors (32 bytes on many cards):
// a step of 32 lanes along k takes 33 of them (32 of a, 1 of b), and uses 4 bytes of each; the other 28
// are for later steps, if they are still there by then.
// This is the foot of the ladder: every rung above is measured from here.

override WG: u32 = 256u;

@compute @workgroup_size(WG)
fn matmul(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let total = p.batches * p.m * p.n;
    for (var e = id.x; e < total; e += groups.x * WG) {
        // region: place
        let i = e % p.m;
        let j = e / p.m % p.n;
        let batch = e / p.m / p.n;
        // end: place
        let row = a_start(batch) + i * p.a_row;
        let column = b_start(batch) + j * p.b_col;
        var sum = 0.0;
        for (var l = 0u; l < p.k; l++) {
            sum += a[row + l * p.a_col] * b[column + l * p.b_row];
        }
        finish(batch, i, j, sum);
    }
}
