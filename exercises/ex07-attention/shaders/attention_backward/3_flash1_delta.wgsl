// include: philox step_state attention
// FlashAttention backward, first of three kernels: delta = rowsum(dO * O).
//
// The softmax's gradient is dS = P (dP - rowsum(P dP)): a sum over all keys, and P is not stored.
// But dP = dO V^T and P V = O, so for one row
//
//   sum_j P_j dP_j  =  sum_j P_j sum_d dO_d V_jd  =  sum_d dO_d sum_j P_j V_jd  =  sum_d dO_d O_d
//
// Idea: a sum over head_dim instead of one over all keys, of two rows that are there already. An
// invocation for each query.
// Cost: 2 FLOPs and 8 bytes for each number of the output.
override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> out: array<f32>;
@group(0) @binding(1) var<storage, read> d_out: array<f32>;
@group(0) @binding(2) var<storage, read> state: StepState;
@group(0) @binding(3) var<storage, read_write> of_rows: array<f32>;
@group(0) @binding(4) var<uniform> p: Params;

// Where a row lies is said by views: row_at(view, bh, row) is the first element of a row of head bh
// (counted over all batches). The params' `q` describes the output here, their `out` its gradient;
// the two need not lie in memory alike.
@compute @workgroup_size(WG)
fn delta(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
    let rows = p.batch * p.heads * p.rows;
    for (var i = id.x; i < rows; i += grid.x * WG) {
        let bh = i / p.rows;
        let row = i % p.rows;
        // TODO, about 7 lines: Row `row` of head `bh` of out times that of d_out, added
        //   up, into of_rows[i].
    }
}
