// SwiGLU: out[i, j] = silu(gate[i, j]) * up[i, j].
//
// A feed-forward layer with a gate (Shazeer, 2020) multiplies two projections of the same input, one
// of them bent by silu(x) = x / (1 + e^-x). One matrix product makes both, so they arrive in one
// tensor x of shape [rows, 2 * width]: row i is [gate[i, 0 .. width], up[i, 0 .. width]].
//
// Idea: one pass. An invocation reads one number of each half and writes one; invocations that are
// neighbors read neighbors in both.
// Cost: about 16 FLOPs and 12 bytes a result. Op by op, as a sigmoid and two products, it is 32 bytes.
// Memory decides: the expected gain is 32 / 12, between two and three times.

override WG: u32 = 256u;

struct Params {
    rows: u32,
    width: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> p: Params;

// silu(x), for small x and for very large ones. (WGSL leaves open what an exponential that overflows
// gives, so that none should.)
fn silu(x: f32) -> f32 {
    // TODO, about 2 lines: x / (1 + e^-x) or x e^x / (1 + e^x): which of them survives a
    //   large x, and which a large -x?
    return 0.0;
}

@compute @workgroup_size(WG)
fn swiglu(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let results = p.rows * p.width;
    // TODO, about 6 lines: Walk over all results in steps of the whole grid. Where do the
    //   gate and the up of a result lie in x?
}
