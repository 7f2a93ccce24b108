// include: philox step_state attention
// FlashAttention backward, first of three kernels: delta = rowsum(dO * O).
//
// Idea: the softmax's gradient is dS = P (dP - rowsum(P dP)), and rowsum(P dP) = rowsum(dO * O): a sum
// over head_dim instead of one over all keys, and O is there already.
// Cost: 2 FLOPs and 8 bytes for each number of the output. An invocation for each query.
override WG: u32 = 256u;

@group(0) @binding(0) var<storage, read> out: array<f32>;
@group(0) @binding(1) var<storage, read> d_out: array<f32>;
@group(0) @binding(2) var<storage, read> state: StepState;
@group(0) @binding(3) var<storage, read_write> of_rows: array<f32>;
// Its `q` describes the output, its `out` the output's gradient.
@group(0) @binding(4) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn delta(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) grid: vec3<u32>) {
    let rows = p.batch * p.heads * p.rows;
    for (var i = id.x; i < rows; i += grid.x * WG) {
        let a = row_at(p.q, i / p.rows, i % p.rows);
        let b = row_at(p.out, i / p.rows, i % p.rows);
        var sum = 0.0;
        for (var d = 0u; d < p.dim; d++) {
            sum += out[a + d] * d_out[b + d];
        }
        of_rows[i] = sum;
    }
}
