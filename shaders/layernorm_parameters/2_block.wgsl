// LayerNorm backward, the second stage of the parameters' gradients: adds up what
// layernorm_backward/2_block left for each chunk of rows, `partial_sums[chunks][2][width]`.
//
// Idea: a workgroup takes 32 columns with 8 invocations each. Invocation y of a column adds every
// eighth chunk, then the first adds the eight, always in the same order. `accumulate` adds to what is
// there: a model's gradients gather in its arena without a kernel of their own.
// Cost: 1 FLOP and 4 bytes for each number of `partial_sums`, a tenth of what the first stage moves or
// less, but more of its time: at a width of 384 its 24 workgroups leave most of a large GPU idle.
// Expected gain over naive: every column has 8 invocations, and there are chunks instead of rows.

struct Params {
    chunks: u32,
    width: u32,
    accumulate: u32,  // 1: add to what is there
}

@group(0) @binding(0) var<storage, read> partial_sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> dgamma: array<f32>;
@group(0) @binding(2) var<storage, read_write> dbeta: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> sums: array<f32, 256>;

@compute @workgroup_size(256)
fn layernorm_parameters(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
) {
    let y = lane / 32u;
    let j = id.x * 32u + lane % 32u;
    // region: stage
    var sum = 0.0;
    if (j < 2u * p.width) {
        for (var c = y; c < p.chunks; c += 8u) {
            sum += partial_sums[c * 2u * p.width + j];
        }
    }
    sums[lane] = sum;
    workgroupBarrier();
    if (y == 0u && j < 2u * p.width) {
        for (var i = 1u; i < 8u; i++) {
            sum += sums[lane + 32u * i];
        }
        if (j < p.width) {
            dgamma[j] = select(sum, dgamma[j] + sum, p.accumulate == 1u);
        } else {
            let k = j - p.width;
            dbeta[k] = select(sum, dbeta[k] + sum, p.accumulate == 1u);
        }
    }
    // end: stage
}
