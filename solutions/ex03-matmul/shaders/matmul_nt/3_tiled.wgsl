// A product with a transpose: c = a b^T with a [m, k], b [n, k] and c [m, n], all lying row by row.
//
// A linear layer y = x w has this product in its backward pass, dx = dy w^T, and attention has it in its
// forward pass, q k^T. Nothing is transposed beforehand: c[i, j] is row i of a times row j of b.
//
// Idea: tiles of 16 x 16 again. Rows are now what both matrices are read along, so that lanes with
// neighboring x read neighbors in both; a tile of b holds 16 of its rows, and a column of the result
// belongs to a row of that tile.
// Cost: 2 m n k FLOPs; 8 m n k / 16 bytes from global memory instead of 8 m n k.
// Expected gain over one dot product an invocation: two to four times on a GPU; and there more, for
// neighbors there read k numbers apart. (On a CPU adapter both memories are the same: no gain there.)

const TILE: u32 = 16u;
// One column of padding: lanes that walk down a column touch 16 different banks.
const PITCH: u32 = TILE + 1u;

struct Params {
    m: u32,
    n: u32,
    k: u32,
}

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;
@group(0) @binding(3) var<uniform> p: Params;

var<workgroup> a_tile: array<f32, TILE * PITCH>;  // [row of a][term], at row * PITCH + term
var<workgroup> b_tile: array<f32, TILE * PITCH>;  // [row of b][term]

@compute @workgroup_size(256)
fn matmul_nt(
    @builtin(local_invocation_index) lane: u32,
    @builtin(workgroup_id) id: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let x = lane % TILE;
    let y = lane / TILE;
    let wide = (p.n + TILE - 1u) / TILE;
    let high = (p.m + TILE - 1u) / TILE;
    for (var tile = id.x; tile < high * wide; tile += groups.x) {
        // This workgroup's corner of c. Mine is c[i0 + y, j0 + x].
        let i0 = tile / wide * TILE;
        let j0 = tile % wide * TILE;
        var sum = 0.0;
        // exercise: begin, about 18 lines: For every 16 terms fill both tiles, one element of each, reading
        //   along the rows; what lies outside is 0. Then add the 16 products that are mine. Two waits.
        for (var l0 = 0u; l0 < p.k; l0 += TILE) {
            let l = l0 + x;
            var from_a = 0.0;
            if (i0 + y < p.m && l < p.k) {
                from_a = a[(i0 + y) * p.k + l];
            }
            var from_b = 0.0;
            if (j0 + y < p.n && l < p.k) {
                from_b = b[(j0 + y) * p.k + l];
            }
            a_tile[y * PITCH + x] = from_a;
            b_tile[y * PITCH + x] = from_b;
            workgroupBarrier();
            for (var t = 0u; t < TILE; t++) {
                sum += a_tile[y * PITCH + t] * b_tile[x * PITCH + t];
            }
            workgroupBarrier();
        }
        // exercise: end
        if (i0 + y < p.m && j0 + x < p.n) {
            c[(i0 + y) * p.n + (j0 + x)] = sum;
        }
    }
}
