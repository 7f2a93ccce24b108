// include: matmul
// Matrix multiply, the definition: one invocation for each element of the result.
//
// Idea: invocation (i, j) walks along row i of a and down column j of b.
// Cost: 2 m n k FLOPs, and 8 m n k bytes asked of the caches: every element of a is read n times,
// every element of b m times. Neighbouring invocations compute neighbouring columns, so they read b
// side by side and share their element of a.

override WG: u32 = 256u;

@compute @workgroup_size(WG)
fn matmul(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let total = p.batches * p.m * p.n;
    for (var e = id.x; e < total; e += groups.x * WG) {
        let j = e % p.n;
        let i = e / p.n % p.m;
        let batch = e / p.n / p.m;
        let row = a_start(batch) + i * p.a_row;
        let column = b_start(batch) + j * p.b_col;
        var sum = 0.0;
        for (var l = 0u; l < p.k; l++) {
            sum += a[row + l * p.a_col] * b[column + l * p.b_row];
        }
        finish(batch, i, j, sum);
    }
}
