// saxpy: y = a x + y. One of the oldest names in numerical computing: "single-precision a x plus y".
//
// Idea: a vector has as many elements as it has, a grid as many invocations as its launch chose. They
// need not agree. Every invocation begins at its own number in the grid and walks on by the number of
// invocations in the whole grid, until the vector ends: those side by side always read side by side,
// and no element is met twice.
// Cost: 2 n FLOPs; 12 n bytes, for x is read, y is read, y is written. Memory is the limit, by far.
// Expected gain over one element an invocation: none for a small vector. But a grid has a largest size
// (65,535 workgroups), a vector has not.

override WG: u32 = 256u;

struct Params {
    n: u32,
    a: f32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

@compute @workgroup_size(WG)
fn saxpy(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    // TODO, about 4 lines: The grid has groups.x workgroups of WG invocations; this one is
    //   number lane of workgroup id.x. Update every element that is this invocation's.
}
