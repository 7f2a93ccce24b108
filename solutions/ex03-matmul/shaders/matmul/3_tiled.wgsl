// include: matmul
// Matrix multiply by tiles in workgroup memory.
//
// Idea: the 256 invocations of a workgroup compute a tile of 16 x 16 results together. They load a tile
// of a and a tile of b once, side by side, and then each reads what the others have loaded: every
// number that came from global memory is used 16 times.
// Cost: 2 m n k FLOPs; 8 m n k / 16 bytes from global memory and its caches instead of 8 m n k, and
// 8 m n k from workgroup memory.
// Expected gain over 2_coalesced: one and a half to two times on a GPU. There the caches caught most of
// what is saved here; workgroup memory answers sooner, but there are still two loads for each
// multiplication. (On a CPU adapter both memories are the same: no gain there.)
//
// A transposed operand is read along its own rows all the same and turned while it is stored. What
// lies outside the matrices is loaded as 0: it adds nothing, and no invocation has to leave early.

override A_ALONG_K: u32 = 1u;  // the elements of a row of a lie side by side
override B_ALONG_K: u32 = 0u;  // the elements of a column of b lie side by side: a transposed view
const TILE: u32 = 16u;
// One column of padding: invocations that walk down a column touch 16 different banks.
const PITCH: u32 = TILE + 1u;

var<workgroup> a_tile: array<f32, TILE * PITCH>;  // [row][l]
var<workgroup> b_tile: array<f32, TILE * PITCH>;  // [l][column]

@compute @workgroup_size(256)
fn matmul(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let x = lane % TILE;
    let y = lane / TILE;
    let wide = (p.n + TILE - 1u) / TILE;
    let high = (p.m + TILE - 1u) / TILE;
    for (var tile = id.x; tile < p.batches * high * wide; tile += groups.x) {
        let batch = tile / wide / high;
        let i0 = tile / wide % high * TILE;
        let j0 = tile % wide * TILE;
        let left = a_start(batch);
        let right = b_start(batch);
        // Neighboring invocations (x) read neighboring addresses, whichever way the matrix lies.
        let ar = select(x, y, A_ALONG_K != 0u);
        let al = select(y, x, A_ALONG_K != 0u);
        let bl = select(y, x, B_ALONG_K != 0u);
        let bc = select(x, y, B_ALONG_K != 0u);
        var sum = 0.0;
        for (var l0 = 0u; l0 < p.k; l0 += TILE) {
            var from_a = 0.0;
            if (i0 + ar < p.m && l0 + al < p.k) {
                from_a = a[left + (i0 + ar) * p.a_row + (l0 + al) * p.a_col];
            }
            var from_b = 0.0;
            if (l0 + bl < p.k && j0 + bc < p.n) {
                from_b = b[right + (l0 + bl) * p.b_row + (j0 + bc) * p.b_col];
            }
            // exercise: begin, about 7 lines: Store from_a at [ar][al] of a_tile and from_b at [bl][bc]
            //   of b_tile; when all tiles are there, add row y of a times column x of b to sum.
            a_tile[ar * PITCH + al] = from_a;
            b_tile[bl * PITCH + bc] = from_b;
            workgroupBarrier();
            for (var l = 0u; l < TILE; l++) {
                sum += a_tile[y * PITCH + l] * b_tile[l * PITCH + x];
            }
            workgroupBarrier();
            // exercise: end
        }
        if (i0 + y < p.m && j0 + x < p.n) {
            finish(batch, i0 + y, j0 + x, sum);
        }
    }
}
