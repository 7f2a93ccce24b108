// The norm of the whole gradient, rung 1: two stages, the same bits every time.
//
// Idea: a sum over millions of numbers needs many workgroups, and workgroups cannot wait for each
// other. So each leaves one partial sum, and a second, tiny launch adds those. An atomic addition
// would lose the order, and WGSL has none for floats.
// Cost: 2 FLOPs and 4 bytes an element: bound by memory.
// include: reduce

override WG: u32 = 256u;

struct Params {
    n: u32,       // elements
    groups: u32,  // workgroups of the first stage, and partial sums
}

// The gradient in stage 1, the partial sums in stage 2.
@group(0) @binding(0) var<storage, read> input: array<f32>;
// The partial sums in stage 1, the norm in stage 2.
@group(0) @binding(1) var<storage, read_write> output: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

// Stage 1: workgroup g adds the squares of elements g*256, g*256+1, ... and walks on by the grid's
// width.
@compute @workgroup_size(WG)
fn norm_partials(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    var sum = 0.0;
    for (var i = id.x; i < p.n; i += p.groups * WG) {
        sum += input[i] * input[i];
    }
    sum = block_sum(sum, lane);
    if (lane == 0u) {
        output[group.x] = sum;
    }
}

// Stage 2, one workgroup: adds the partial sums and takes the root.
@compute @workgroup_size(WG)
fn norm_finish(@builtin(local_invocation_index) lane: u32) {
    var sum = 0.0;
    for (var i = lane; i < p.groups; i += WG) {
        sum += input[i];
    }
    sum = block_sum(sum, lane);
    if (lane == 0u) {
        output[0] = sqrt(sum);
    }
}
