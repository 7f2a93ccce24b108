// What the rungs above 4_register_tiled share: slabs of vec4s, and who fetches which of their numbers.
// How large they are is in the rungs: TM, TN and BK.
//
// A slab is BK steps along k of BM rows of a, or of BN columns of b. In workgroup memory it lies step
// by step, turned where it must be: what an invocation reads of one step is then side by side.

override A_ALONG_K: u32 = 1u;  // the elements of a row of a lie side by side
override B_ALONG_K: u32 = 0u;  // the elements of a column of b lie side by side: a transposed view
override SPLIT: u32 = 0u;  // c holds the sums of each part, unfinished

const THREADS: u32 = 256u;
const BM: u32 = 16u * TM;
const BN: u32 = 16u * TN;
// Padding spreads slabs that are turned over the banks.
const A_PITCH: u32 = BM / 4u + 1u;
const B_PITCH: u32 = BN / 4u + 1u;
const A_SHARE: u32 = BK * BM / THREADS;
const B_SHARE: u32 = BK * BN / THREADS;
const V: u32 = TN / 4u;  // vectors in a row of an invocation's results

var<workgroup> a_slab: array<vec4<f32>, BK * A_PITCH>;  // [l][row / 4]
var<workgroup> b_slab: array<vec4<f32>, BK * B_PITCH>;  // [l][column / 4]

// Line (row of a, column of b) and place along k of element e of a slab: neighboring invocations
// take neighboring addresses.
fn split_index(e: u32, along_k: u32, width: u32) -> vec2<u32> {
    return select(vec2(e % width, e / width), vec2(e / BK, e % BK), along_k != 0u);
}

// Element e of the slab of a that begins in row i0 and at l0; 0 outside the matrix.
fn fetch_a(left: u32, i0: u32, l0: u32, end: u32, e: u32) -> f32 {
    let at = split_index(e, A_ALONG_K, BM);
    // region: fetch
    var number = 0.0;
    if (i0 + at.x < p.m && l0 + at.y < end) {
        number = a[left + (i0 + at.x) * p.a_row + (l0 + at.y) * p.a_col];
    }
    // end: fetch
    return number;
}

fn fetch_b(right: u32, j0: u32, l0: u32, end: u32, e: u32) -> f32 {
    let at = split_index(e, B_ALONG_K, BN);
    var number = 0.0;
    if (j0 + at.x < p.n && l0 + at.y < end) {
        number = b[right + (j0 + at.x) * p.b_col + (l0 + at.y) * p.b_row];
    }
    return number;
}

// Puts element e where it belongs.
fn put_a(e: u32, number: f32) {
    let at = split_index(e, A_ALONG_K, BM);
    // region: put
    a_slab[at.y * A_PITCH + at.x / 4u][at.x % 4u] = number;
    // end: put
}

fn put_b(e: u32, number: f32) {
    let at = split_index(e, B_ALONG_K, BN);
    b_slab[at.y * B_PITCH + at.x / 4u][at.x % 4u] = number;
}

// Row and column 4 v + c of a tile are component c of vector v; an invocation has every sixteenth
// vector: this is its number n.
fn line_of(first: u32, n: u32) -> u32 {
    return (n / 4u * 16u + first) * 4u + n % 4u;
}
