// include: matmul share
// Matrix multiply by tiles in registers, fetched ahead.
//
// Idea: 5_vectorized multiplies nothing while it waits for a slab. Here the next slab is fetched into
// registers while this one is multiplied: global memory has a whole slab's time to answer.
// Cost: as 5_vectorized, and registers for a share of both slabs.
// Expected gain over 5_vectorized: a fifth to a third on a GPU; none on a CPU adapter, which waits for
// each load where it stands.
//
// CUDA's twin puts the next slab into another half of shared memory, and needs one barrier a slab. Four
// slabs of the large tile are all of the 16 KiB that WebGPU promises, without padding: here there
// are two, and two barriers around the exchange.

const TM: u32 = 4u; // tune: 4 8
const TN: u32 = 4u; // tune: 4 8
const BK: u32 = 16u; // tune: 8 16

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
        // region: ahead
        // Round 0 only fetches, the last one only multiplies.
        for (var l0 = start; l0 < end + BK; l0 += BK) {
            for (var s = 0u; s < A_SHARE; s++) {
                a_share[s] = fetch_a(left, i0, l0, end, lane + s * THREADS);
            }
            for (var s = 0u; s < B_SHARE; s++) {
                b_share[s] = fetch_b(right, j0, l0, end, lane + s * THREADS);
            }
            if (l0 > start) {
                for (var l = 0u; l < BK; l++) {
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
                }
            }
            workgroupBarrier();
            for (var s = 0u; s < A_SHARE; s++) {
                put_a(lane + s * THREADS, a_share[s]);
            }
            for (var s = 0u; s < B_SHARE; s++) {
                put_b(lane + s * THREADS, b_share[s]);
            }
            workgroupBarrier();
        }
        // end: ahead
        for (var r = 0u; r < TM; r++) {
            let i = i0 + line_of(y, r);
            for (var s = 0u; s < TN; s++) {
                let j = j0 + line_of(x, s);
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
        // In a loop of its own, as in 4_register_tiled.
        if (SPLIT == 0u && (RESIDUAL != 0u || GELU != 0u)) {
            for (var e = 0u; e < TM * TN; e++) {
                let i = i0 + line_of(y, e / TN);
                let j = j0 + line_of(x, e % TN);
                if (i < p.m && j < p.n) {
                    follow(batch, i, j);
                }
            }
        }
    }
}
