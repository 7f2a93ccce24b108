// A workgroup of 16 x 8 invocations works on tiles of 64 rows by 32 columns: the two products that
// every tiled attention is made of, within 16 KiB of workgroup memory.
//
//   scores   S[r][c] = A[row] . B[column]          both operands by rows: Q K^T, dO V^T
//   sums     O[r][n] += P[row][j] B[j][column]     weights times rows: P V, dS K, ...
//
// Invocation (tx, ty) owns the rows ty + 16 r, for scores the columns 4 tx to 4 tx + 3, for sums the
// columns 4 tx + 32 n to 4 tx + 32 n + 3: four by four numbers, so that eight loads of four floats
// feed 64 multiply-adds. Operands do not fit whole, and come in slices: 16 numbers of every row for
// scores, as many rows as fit for sums.
//
// What is masked has the weight 0, which does not silence infinity or NaN: slices of B that hold such a
// number are summed pair by pair.
//
// The file that includes this one also includes attention and attention_pairs, and declares
// `const DIM: u32` (a multiple of 32, the head's dimension or more) and `fn element(tensor: u32, at: u32) -> f32`.

const WG: u32 = 128u;
const N: u32 = DIM / 32u;                // groups of four columns of sums
const STAGED: u32 = 1024u / DIM / 4u * 4u;  // rows of B in a slice for sums

// Slices of operands: 64 x 16 numbers of A by rows, 16 x 32 of B by columns; or STAGED rows of B.
var<workgroup> stage: array<vec4<f32>, 384>;
// Scores by rows: what `add_weighted` multiplies with.
var<workgroup> weights: array<vec4<f32>, 512>;
// From here on `stage` is free but while scores are computed: a place for each invocation.
const SPARE: u32 = 256u;

// The rows of a head: which tensor, its first element, the step from row to row, how many there are.
struct Rows {
    tensor: u32,
    first: u32,
    step: u32,
    count: u32,
}

fn rows_of(tensor: u32, view: vec4<u32>, bh: u32, count: u32) -> Rows {
    return Rows(tensor, row_at(view, bh, 0u), view.w, count);
}

// Four numbers of a row, 0 beyond its end and in rows that are not there.
fn four(x: Rows, row: u32, d: u32) -> vec4<f32> {
    var y = vec4<f32>();
    if (row < x.count) {
        let at = x.first + row * x.step + d;
        if (d < p.dim) { y.x = element(x.tensor, at); }
        if (d + 1u < p.dim) { y.y = element(x.tensor, at + 1u); }
        if (d + 2u < p.dim) { y.z = element(x.tensor, at + 2u); }
        if (d + 3u < p.dim) { y.w = element(x.tensor, at + 3u); }
    }
    return y;
}

// Number d of four neighboring rows.
fn column_of_four(x: Rows, row: u32, d: u32) -> vec4<f32> {
    var y = vec4<f32>();
    if (d < p.dim) {
        let at = x.first + row * x.step + d;
        if (row < x.count) { y.x = element(x.tensor, at); }
        if (row + 1u < x.count) { y.y = element(x.tensor, at + x.step); }
        if (row + 2u < x.count) { y.z = element(x.tensor, at + 2u * x.step); }
        if (row + 3u < x.count) { y.w = element(x.tensor, at + 3u * x.step); }
    }
    return y;
}

// Scores of the rows a_from.. of A and the rows b_from.. of B.
fn scores_of(a: Rows, a_from: u32, b: Rows, b_from: u32, lane: u32) -> array<vec4<f32>, 4> {
    let tx = lane % 8u;
    let ty = lane / 8u;
    var s: array<vec4<f32>, 4>;
    for (var d = 0u; d < p.dim; d += 16u) {
        workgroupBarrier();  // the slice before this one has been used
        for (var i = lane; i < 256u; i += WG) {
            stage[i] = four(a, a_from + i / 4u, d + i % 4u * 4u);
        }
        // By columns: 16 neighboring invocations read 16 neighbors of a row. Where they store is
        // turned by xor, or eight of them would want the same bank of memory.
        let e = lane % 16u;
        stage[256u + e * 8u + ((lane / 16u) ^ (e % 8u))] =
            column_of_four(b, b_from + lane / 16u * 4u, d + e);
        workgroupBarrier();
        // region: products
        for (var e = 0u; e < 16u; e += 4u) {
            let y0 = stage[256u + e * 8u + (tx ^ (e % 8u))];
            let y1 = stage[264u + e * 8u + (tx ^ (e % 8u + 1u))];
            let y2 = stage[272u + e * 8u + (tx ^ (e % 8u + 2u))];
            let y3 = stage[280u + e * 8u + (tx ^ (e % 8u + 3u))];
            for (var r = 0u; r < 4u; r++) {
                let x = stage[(ty + 16u * r) * 4u + e / 4u];
                s[r] += x.x * y0 + x.y * y1 + x.z * y2 + x.w * y3;
            }
        }
        // end: products
    }
    return s;
}

// The sums an invocation owns: N groups of four columns for each of its four rows.
alias Sums = array<vec4<f32>, 4u * N>;

// Adds the weights (all 64 rows, 32 columns) times the 32 rows b_from.. of B.
fn add_weighted(sums: ptr<function, Sums>, b: Rows, b_from: u32, lane: u32, pairs: Pairs) {
    let tx = lane % 8u;
    let ty = lane / 8u;
    for (var j = 0u; j < 32u; j += STAGED) {
        workgroupBarrier();  // the weights have been stored, the slice before this one has been used
        for (var i = lane; i < STAGED * DIM / 4u; i += WG) {
            let y = four(b, b_from + j + i / (DIM / 4u), i % (DIM / 4u) * 4u);
            stage[i] = y;
            if (is_wild4(y)) {
                atomicStore(&wild, 1u);
            }
        }
        workgroupBarrier();
        // Which of the two loops: uniform, but not to be proven so. No barriers inside.
        let careful = atomicLoad(&wild) != 0u;
        for (var e = select(0u, STAGED, careful); e < STAGED; e += 4u) {
            for (var n = 0u; n < N; n++) {
                let at = e * (DIM / 4u) + tx + 8u * n;
                let y0 = stage[at];
                let y1 = stage[at + DIM / 4u];
                let y2 = stage[at + DIM / 2u];
                let y3 = stage[at + DIM / 4u * 3u];
                for (var r = 0u; r < 4u; r++) {
                    let x = weights[(ty + 16u * r) * 8u + (j + e) / 4u];
                    (*sums)[r * N + n] += x.x * y0 + x.y * y1 + x.z * y2 + x.w * y3;
                }
            }
        }
        for (var e = select(STAGED, 0u, careful); e < STAGED; e++) {
            var on: vec4<bool>;
            for (var r = 0u; r < 4u; r++) {
                on[r] = counts(pairs, ty + 16u * r, j + e);
            }
            for (var n = 0u; n < N; n++) {
                let y = stage[e * (DIM / 4u) + tx + 8u * n];
                for (var r = 0u; r < 4u; r++) {
                    let x = weights[(ty + 16u * r) * 8u + (j + e) / 4u][(j + e) % 4u];
                    (*sums)[r * N + n] += select(vec4<f32>(), x * y, vec4<bool>(on[r]));
                }
            }
        }
    }
}
