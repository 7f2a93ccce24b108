// Triangle: the part of each matrix on and below a diagonal, or on and above it; the rest is 0.
//
// Idea: one invocation an element of the output. Row and column are what two divisions leave of its
// index; the diagonal is column - row, asked for without a negative number: how far it is moved to the
// right, or how far down. What is left out is not read, so no NaN comes through.
// Cost: no FLOPs; 4 bytes written an element, and 4 read of every other one.

override WG: u32 = 256u;
override UPPER: u32 = 0u;

// The last two dimensions of the shape are rows and columns.
struct Params {
    shape: array<vec4<u32>, 2>,
    strides: array<vec4<u32>, 2>,
    n: u32,
    rank: u32,
    offset: u32,
    right: u32,  // the diagonal begins so many columns to the right,
    down: u32,   // or so many rows down
}

@group(0) @binding(0) var<storage, read> x: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<uniform> p: Params;

fn size_of(d: u32) -> u32 {
    return p.shape[d / 4u][d % 4u];
}

// Where element i lies in x.
fn place(i: u32) -> u32 {
    var rest = i;
    var at = p.offset;
    for (var d = p.rank; d > 1u; d--) {
        let e = d - 1u;
        at += (rest % size_of(e)) * p.strides[e / 4u][e % 4u];
        rest /= size_of(e);
    }
    return at + rest * p.strides[0].x;
}

@compute @workgroup_size(WG)
fn triangle(
    @builtin(global_invocation_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let columns = size_of(p.rank - 1u);
    let rows = size_of(p.rank - 2u);
    for (var i = id.x; i < p.n; i += groups.x * WG) {
        let column = i % columns + p.down;
        let row = i / columns % rows + p.right;
        if (select(column <= row, column >= row, UPPER == 1u)) {
            out[i] = x[place(i)];
        } else {
            out[i] = 0u;
        }
    }
}
