// include: matmul
// Matrix multiply by tiles in registers.
//
// Idea: in 3_tiled every multiplication loads two numbers from workgroup memory. Here an invocation
// computes TM x TN results: at each step along k it loads TM numbers of a and TN of b into registers
// and multiplies each with each, 64 multiplications for 16 loads (or 16 for 8). 256 invocations make a
// tile of 16 TM x 16 TN results: 128 x 128 (or 64 x 64).
// Cost: 2 m n k FLOPs; 8 m n k / 128 bytes from global memory, 8 m n k / 8 from workgroup memory.
// Expected gain over 3_tiled: two to four times on a GPU. Workgroup memory is asked for an eighth, but
// one number at a time, each with a check of its index; and while a slab is fetched nothing is
// multiplied.
//
// Where there are few tiles and many terms (a weight's gradient), the plan cuts k into parts of `span`
// terms that workgroups of their own add up (SPLIT); split_sum adds the parts and finishes.

// region: tune
const TM: u32 = 4u; // tune: 4 8
const TN: u32 = 4u; // tune: 4 8
const BK: u32 = 16u; // tune: 8 16
// end: tune
override A_ALONG_K: u32 = 1u;  // the elements of a row of a lie side by side
override B_ALONG_K: u32 = 0u;  // the elements of a column of b lie side by side: a transposed view
override SPLIT: u32 = 0u;  // c holds the sums of each part, unfinished

const THREADS: u32 = 256u;
const BM: u32 = 16u * TM;
const BN: u32 = 16u * TN;
// Padding spreads a slab that is turned while it is stored over the banks.
const A_PITCH: u32 = BK + 1u;
const B_PITCH: u32 = BN + 4u;

var<workgroup> a_slab: array<f32, BM * A_PITCH>;  // [row][l]
var<workgroup> b_slab: array<f32, BK * B_PITCH>;  // [l][column]

@compute @workgroup_size(256)
fn matmul(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let x = lane % 16u;
    let y = lane / 16u;
    let wide = (p.n + BN - 1u) / BN;
    let high = (p.m + BM - 1u) / BM;
    let span = select(max(p.k, 1u), p.span, SPLIT != 0u);
    let parts = select(1u, (p.k + span - 1u) / span, SPLIT != 0u);
    for (var tile = id.x; tile < parts * p.batches * high * wide; tile += groups.x) {
        let i0 = tile / wide % high * BM;
        let j0 = tile % wide * BN;
        let batch = tile / wide / high % p.batches;
        let part = tile / wide / high / p.batches;
        let start = part * span;
        let end = min(p.k, start + span);
        let left = a_start(batch);
        let right = b_start(batch);

        var sums: array<f32, TM * TN>;
        for (var e = 0u; e < TM * TN; e++) {
            sums[e] = 0.0;
        }
        for (var l0 = start; l0 < end; l0 += BK) {
            // region: load
            // Neighboring invocations read neighboring addresses, whichever way the matrix lies.
            for (var e = lane; e < BK * BM; e += THREADS) {
                let row = select(e % BM, e / BK, A_ALONG_K != 0u);
                let l = select(e / BM, e % BK, A_ALONG_K != 0u);
                var from_a = 0.0;
                if (i0 + row < p.m && l0 + l < end) {
                    from_a = a[left + (i0 + row) * p.a_row + (l0 + l) * p.a_col];
                }
                a_slab[row * A_PITCH + l] = from_a;
            }
            // end: load
            for (var e = lane; e < BK * BN; e += THREADS) {
                let column = select(e % BN, e / BK, B_ALONG_K != 0u);
                let l = select(e / BN, e % BK, B_ALONG_K != 0u);
                var from_b = 0.0;
                if (l0 + l < end && j0 + column < p.n) {
                    from_b = b[right + (l0 + l) * p.b_row + (j0 + column) * p.b_col];
                }
                b_slab[l * B_PITCH + column] = from_b;
            }
            workgroupBarrier();
            for (var l = 0u; l < BK; l++) {
                // region: multiply
                var columns: array<f32, TN>;
                for (var s = 0u; s < TN; s++) {
                    columns[s] = b_slab[l * B_PITCH + s * 16u + x];
                }
                for (var r = 0u; r < TM; r++) {
                    let row = a_slab[(r * 16u + y) * A_PITCH + l];
                    for (var s = 0u; s < TN; s++) {
                        sums[r * TN + s] += row * columns[s];
                    }
                }
                // end: multiply
            }
            workgroupBarrier();
        }
        for (var r = 0u; r < TM; r++) {
            let i = i0 + r * 16u + y;
            for (var s = 0u; s < TN; s++) {
                let j = j0 + s * 16u + x;
                if (i < p.m && j < p.n) {
                    if (SPLIT != 0u) {
                        c[((part * p.batches + batch) * p.m + i) * p.n + j] = sums[r * TN + s];
                    } else {
                        settle(batch, i, j, sums[r * TN + s]);
                    }
                }
            }
        }
        // In a loop of its own: a larger body above is not unrolled by every driver, and then the sums
        // lie in memory for all of the kernel (twenty times slower on an H100).
        if (SPLIT == 0u && (RESIDUAL != 0u || GELU != 0u)) {
            for (var e = 0u; e < TM * TN; e++) {
                let i = i0 + e / TN * 16u + y;
                let j = j0 + e % TN * 16u + x;
                if (i < p.m && j < p.n) {
                    follow(batch, i, j);
                }
            }
        }
    }
}
