// include: math
// Scatter-add, rung 2: a column is cut into pieces that are walked at the same time.
//
// Idea: with one column rung 1 is one invocation, however long the index. Here the index's column is cut
// into pieces, and each has sums of its own for all that it may add to. Three dispatches: the sums are
// set to 0 (`clear`), each invocation walks its piece and adds there (`walk`), and each element of out
// adds up the sums of all pieces, from the first to the last (`join`). The cut depends on shapes alone:
// the same bits every time, though not always those of rung 1, which adds in another order.
// Cost: rung 1's, and for each piece 12 bytes an element of out's column. There are as many pieces as let
// this stay below eight times what the index has, so the cost still grows like the index.
// Expected gain: for one column of a million, 16,384 walks of 64 where there was one of a million.

override WG: u32 = 256u;

// Shape and strides are those of the columns: without the dimension that is walked along.
struct Params {
    shape: array<vec4<u32>, 2>,
    out_strides: array<vec4<u32>, 2>,
    index_strides: array<vec4<u32>, 2>,
    src_strides: array<vec4<u32>, 2>,
    columns: u32,
    rank: u32,
    n: u32,       // elements of the index in a column
    size: u32,    // elements of out in a column
    known: u32,   // an index from here on is outside: of i32, what is negative comes last
    out_step: u32,
    index_step: u32,
    src_step: u32,
    index_offset: u32,
    src_offset: u32,
    pieces: u32,
    length: u32,  // elements of the index in a piece
}

// Binding of `clear`.
@group(0) @binding(0) var<storage, read_write> zeros: array<f32>;
@group(0) @binding(1) var<uniform> of_clear: Params;
// Bindings of `walk`.
@group(0) @binding(0) var<storage, read> index: array<u32>;
@group(0) @binding(1) var<storage, read> src: array<f32>;
@group(0) @binding(2) var<storage, read_write> sums: array<f32>;
@group(0) @binding(3) var<uniform> of_walk: Params;
// Bindings of `join`.
@group(0) @binding(0) var<storage, read> all_sums: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(0) @binding(2) var<uniform> of_join: Params;

@compute @workgroup_size(WG)
fn clear(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let all = of_clear.size * of_clear.pieces * of_clear.columns;
    for (var i = id.x; i < all; i += groups.x * WG) {
        zeros[i] = 0.0;
    }
}

@compute @workgroup_size(WG)
fn walk(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let p = of_walk;
    let lanes = p.pieces * p.columns;
    for (var i = invocation.x; i < lanes; i += groups.x * WG) {
        let piece = i / p.columns;
        var rest = i % p.columns;
        // In the index (x) and in src (y).
        var at = vec2<u32>(p.index_offset, p.src_offset);
        for (var d = p.rank; d > 0u; d--) {
            let e = d - 1u;
            let size = of_walk.shape[e / 4u][e % 4u];
            at += (rest % size) * vec2<u32>(
                of_walk.index_strides[e / 4u][e % 4u], of_walk.src_strides[e / 4u][e % 4u]
            );
            rest /= size;
        }
        // region: piece
        let end = min(p.n, (piece + 1u) * p.length);
        for (var k = piece * p.length; k < end; k++) {
            let id = index[at.x + k * p.index_step];
            if (id < p.known) {
                sums[id * lanes + i] += src[at.y + k * p.src_step];
            } else {
                sums[i] = from_bits(0x7fc00000u);
            }
        }
        // end: piece
    }
}

@compute @workgroup_size(WG)
fn join(
    @builtin(global_invocation_id) invocation: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let p = of_join;
    let all = p.size * p.columns;
    for (var i = invocation.x; i < all; i += groups.x * WG) {
        let id = i / p.columns;
        let column = i % p.columns;
        var sum = 0.0;
        for (var piece = 0u; piece < p.pieces; piece++) {
            sum += all_sums[(id * p.pieces + piece) * p.columns + column];
        }
        var rest = column;
        var to = id * p.out_step;
        for (var d = p.rank; d > 0u; d--) {
            let e = d - 1u;
            let size = of_join.shape[e / 4u][e % 4u];
            to += (rest % size) * of_join.out_strides[e / 4u][e % 4u];
            rest /= size;
        }
        out[to] += sum;
    }
}
