// include: matmul share
// Matrix multiply by tiles in registers, four numbers a load.
//
// Idea: 4_register_tiled with slabs and sums made of vec4. The slab of a is turned, so that an
// invocation's rows lie side by side, and it takes columns that do: one load brings four numbers, and
// one check of an index guards them.
// Cost: the same bytes as 4_register_tiled, 2 m n k FLOPs; 4 loads for 64 multiplications instead of
// 16. From global memory it is one number a load all the same: a binding has one type, and vec4 would
// forbid what does not begin on 16 bytes.
// Expected gain over 4_register_tiled: a fifth to a half on a GPU; twice on a CPU adapter, whose vectors
// are vectors.

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

        var sums: array<vec4<f32>, TM * V>;  // [row][column / 4]
        for (var r = 0u; r < TM * V; r++) {
            sums[r] = vec4(0.0);
        }
        for (var l0 = start; l0 < end; l0 += BK) {
            for (var e = lane; e < BK * BM; e += THREADS) {
                put_a(e, fetch_a(left, i0, l0, end, e));
            }
            for (var e = lane; e < BK * BN; e += THREADS) {
                put_b(e, fetch_b(right, j0, l0, end, e));
            }
            workgroupBarrier();
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
            workgroupBarrier();
        }
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
