// One-hot: for each id a row of `classes` numbers, 1 at the id and 0 elsewhere.
//
// Idea: one invocation an element of the output, which compares its column with the row's id. An id that
// is no class gives a row of NaN: as in the embedding it should show in the loss, and not be lost as a
// row of zeros. The table is a product's left side more often than it should be: embedding and gather
// read one row where this writes `classes` numbers.
// Cost: no FLOPs, 4 bytes written an element.

override WG: u32 = 256u;

struct Params {
    n: u32,        // ids times classes
    classes: u32,
    known: u32,    // an id from here on is no class: of i32, what is negative comes last
}

@group(0) @binding(0) var<storage, read> ids: array<u32>;
// Bits of f32: WGSL has no NaN to write.
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn one_hot(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var i = invocation.x; i < p.n; i += groups.x * WG) {
        let id = ids[i / p.classes];
        let hot = select(0u, 0x3f800000u, id == i % p.classes);
        out[i] = select(0x7fc00000u, hot, id < p.known);
    }
}
