// Fill: every word of a tensor gets the same bits.
//
// Idea: one invocation a word, walking on by the width of the grid (a grid-stride loop), so that any
// number of words is served by at most 65,535 workgroups.
// Cost: no arithmetic, 4 bytes a word. Bound by write bandwidth alone.
//
// 16-bit tensors get two elements a word. An odd one at the end shares its word with whatever comes
// after the tensor, so only that word's lower half is replaced.

override WG: u32 = 256u;

struct Params {
    words: u32,  // whole words
    bits: u32,
    odd: u32,    // 1: half a word follows
}

@group(0) @binding(0) var<storage, read_write> out: array<u32>;
@group(0) @binding(1) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn fill(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var i = id.x; i < p.words + p.odd; i += groups.x * WG) {
        out[i] = select((out[i] & 0xffff0000u) | (p.bits & 0xffffu), p.bits, i < p.words);
    }
}
