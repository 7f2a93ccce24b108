// include: matmul
// Matrix multiply by tiles in registers.
//
// Idea: in 3_tiled every multiplication loads two numbers from workgroup memory. Here an invocation
// computes TM x TN results: it loads TM numbers of a and TN of b into registers and multiplies each
// with each, 16 multiplications for 8 loads (or 64 for 16). 256 invocations make a tile of
// 16 TM x 16 TN results: 64 x 64 (or 128 x 128).
// Cost: 2 m n k FLOPs; 8 m n k / 64 bytes from global memory, 8 m n k / 4 from workgroup memory.
// Expected gain over 3_tiled: three to five times on a GPU.
//
// Slabs and sums are made of vec4: one load brings four numbers, and one bounds check guards them.
// Row and column 4 v + c of a tile are component c of vector v; an invocation has every sixteenth
// vector.
//
// The next slab of k is fetched into registers while this one is multiplied: global memory has a whole
// slab's time to answer. Where there are few tiles and many terms (a weight's gradient), `span` cuts k
// into parts that workgroups of their own add up; split_sum adds the parts and finishes.

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
// Padding spreads slabs that are turned over the banks.
const A_PITCH: u32 = BM / 4u + 1u;
const B_PITCH: u32 = BN / 4u + 1u;
const A_SHARE: u32 = BK * BM / THREADS;
const B_SHARE: u32 = BK * BN / THREADS;
const V: u32 = TN / 4u;  // vectors in a row of an invocation's results

var<workgroup> a_slab: array<vec4<f32>, BK * A_PITCH>;  // [l][row / 4]
var<workgroup> b_slab: array<vec4<f32>, BK * B_PITCH>;  // [l][column / 4]

// Line (row of a, column of b) and place along k of element e of a slab: neighboring invocations
// take neighboring addresses.
fn split_index(e: u32, along_k: u32, width: u32) -> vec2<u32> {
    return select(vec2(e % width, e / width), vec2(e / BK, e % BK), along_k != 0u);
}

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

        var a_share: array<f32, A_SHARE>;
        var b_share: array<f32, B_SHARE>;
        var sums: array<vec4<f32>, TM * V>;  // [row][column / 4]
        for (var r = 0u; r < TM * V; r++) {
            sums[r] = vec4(0.0);
        }
        // Round 0 only fetches, the last one only multiplies.
        for (var l0 = start; l0 < end + BK; l0 += BK) {
            // region: fetch
            for (var s = 0u; s < A_SHARE; s++) {
                let at = split_index(lane + s * THREADS, A_ALONG_K, BM);
                a_share[s] = 0.0;
                if (i0 + at.x < p.m && l0 + at.y < end) {
                    a_share[s] = a[left + (i0 + at.x) * p.a_row + (l0 + at.y) * p.a_col];
                }
            }
            // end: fetch
            for (var s = 0u; s < B_SHARE; s++) {
                let at = split_index(lane + s * THREADS, B_ALONG_K, BN);
                b_share[s] = 0.0;
                if (j0 + at.x < p.n && l0 + at.y < end) {
                    b_share[s] = b[right + (j0 + at.x) * p.b_col + (l0 + at.y) * p.b_row];
                }
            }
            if (l0 > start) {
                for (var l = 0u; l < BK; l++) {
                    // region: multiply
                    var columns: array<vec4<f32>, V>;
                    for (var s = 0u; s < V; s++) {
                        columns[s] = b_slab[l * B_PITCH + s * 16u + x];
                    }
                    for (var r = 0u; r < TM / 4u; r++) {
                        let rows = a_slab[l * A_PITCH + r * 16u + y];
                        for (var s = 0u; s < V; s++) {
                            sums[(4u * r + 0u) * V + s] += rows.x * columns[s];
                            sums[(4u * r + 1u) * V + s] += rows.y * columns[s];
                            sums[(4u * r + 2u) * V + s] += rows.z * columns[s];
                            sums[(4u * r + 3u) * V + s] += rows.w * columns[s];
                        }
                    }
                    // end: multiply
                }
            }
            // region: put
            workgroupBarrier();
            for (var s = 0u; s < A_SHARE; s++) {
                let at = split_index(lane + s * THREADS, A_ALONG_K, BM);
                a_slab[at.y * A_PITCH + at.x / 4u][at.x % 4u] = a_share[s];
            }
            for (var s = 0u; s < B_SHARE; s++) {
                let at = split_index(lane + s * THREADS, B_ALONG_K, BN);
                b_slab[at.y * B_PITCH + at.x / 4u][at.x % 4u] = b_share[s];
            }
            workgroupBarrier();
            // end: put
        }
        for (var r = 0u; r < TM; r++) {
            let i = i0 + (r / 4u * 16u + y) * 4u + r % 4u;
            for (var s = 0u; s < TN; s++) {
                let j = j0 + (s / 4u * 16u + x) * 4u + s % 4u;
                if (i < p.m && j < p.n) {
                    let sum = sums[r * V + s / 4u][s % 4u];
                    if (SPLIT != 0u) {
                        c[((part * p.batches + batch) * p.m + i) * p.n + j] = sum;
                    } else {
                        settle(batch, i, j, sum);
                    }
                }
            }
        }
        // In a loop of its own: a larger body above is not unrolled by every driver, and then the sums
        // lie in memory for all of the kernel (twenty times slower on an H100).
        if (SPLIT == 0u && (RESIDUAL != 0u || GELU != 0u)) {
            for (var e = 0u; e < TM * TN; e++) {
                let r = e / TN;
                let s = e % TN;
                let i = i0 + (r / 4u * 16u + y) * 4u + r % 4u;
                let j = j0 + (s / 4u * 16u + x) * 4u + s % 4u;
                if (i < p.m && j < p.n) {
                    follow(batch, i, j);
                }
            }
        }
    }
}
