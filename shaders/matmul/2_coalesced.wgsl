// include: matmul
// Matrix multiply, neighbors side by side.
//
// Idea: 1_naive with its index turned around. Invocations are counted along the rows of the result:
// neighboring lanes compute neighboring columns, so they touch neighboring addresses of b and of c,
// and share their element of a. What lanes ask for side by side is fetched in one piece: it coalesces.
// Cost: as 1_naive, 2 m n k FLOPs and 8 m n k bytes asked of the caches. But a step of 32 lanes along k
// takes 5 sectors of 32 bytes (1 of a, 4 of b) where 1_naive takes 33, and nothing in those of b is
// wasted; a store takes 4 where it took 32.
// Expected gain over 1_naive: six times (33 / 5) on a GPU. The limit is now the number of loads: two for
// each multiplication, and the caches answer them all. (A CPU adapter fetches lane by lane: no gain
// there, and 1_naive may even be faster.)
//
// Where b is a transposed view, its columns lie k apart and this is 1_naive again with a and b changing
// places: only the stores coalesce. 3_tiled mends that.

override WG: u32 = 256u;

@compute @workgroup_size(WG)
fn matmul(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let total = p.batches * p.m * p.n;
    for (var e = id.x; e < total; e += groups.x * WG) {
        // region: place
        let j = e % p.n;
        let i = e / p.n % p.m;
        let batch = e / p.n / p.m;
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
