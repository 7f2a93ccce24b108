// include: math
// Scatter-add: out[i, index[i, j, k], k] += src[i, j, k], and so along any dimension.
//
// Idea: who adds first must not be left to chance, as atomic additions would. Two elements meet only if
// they stand in one column along d. So an invocation owns a column, and walks along it from front to
// back: the same bits every time, and nobody else writes there. An index outside puts NaN into the first
// element of its column, so that it shows.
// Cost: one addition and 16 bytes an element of the index; out is a copy of x already. Neighbors own
// neighboring columns and read side by side. With few columns most of the GPU stands idle: rung 2.

override WG: u32 = 256u;

// Shape and strides are those of the columns: without the dimension that is walked along.
struct Params {
    shape: array<vec4<u32>, 2>,
    out_strides: array<vec4<u32>, 2>,
    index_strides: array<vec4<u32>, 2>,
    src_strides: array<vec4<u32>, 2>,
    columns: u32,
    rank: u32,
    n: u32,      // elements of the index in a column
    known: u32,  // an index from here on is outside: of i32, what is negative comes last
    out_step: u32,
    index_step: u32,
    src_step: u32,
    index_offset: u32,
    src_offset: u32,
}

@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read> src: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

// Where column c begins in out (x), in the index (y) and in src (z).
fn places(c: u32) -> vec3<u32> {
    var rest = c;
    var at = vec3<u32>(0u, p.index_offset, p.src_offset);
    for (var d = p.rank; d > 0u; d--) {
        let e = d - 1u;
        let size = p.shape[e / 4u][e % 4u];
        at += (rest % size) * vec3<u32>(
            p.out_strides[e / 4u][e % 4u], p.index_strides[e / 4u][e % 4u], p.src_strides[e / 4u][e % 4u]
        );
        rest /= size;
    }
    return at;
}

@compute @workgroup_size(WG)
fn scatter_add(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    for (var c = invocation.x; c < p.columns; c += groups.x * WG) {
        let at = places(c);
        // region: walk
        for (var k = 0u; k < p.n; k++) {
            let id = index[at.y + k * p.index_step];
            if (id < p.known) {
                out[at.x + id * p.out_step] += src[at.z + k * p.src_step];
            } else {
                out[at.x] = from_bits(0x7fc00000u);
            }
        }
        // end: walk
    }
}
