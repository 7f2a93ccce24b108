//! A product in blocks that stay in the cache.
//!
//! Three plain loops go through all of b again for every row of a. As soon as b is larger than the
//! cache, it comes from memory each time, and the processor waits. So all three loops are cut into
//! blocks: a block of a, one of b and one of c together fit into the cache, and each number that was
//! fetched is used many times before it goes.
//!
//! Matrices lie row by row: `a` is `[m, k]`, `b` is `[k, n]`, `c` is `[m, n]`; `sizes` are `[m, n, k]`.

use std::ops::Range;

/// Adds the products `a[i, l] * b[l, j]` of these terms `l` to `c[i, j]`, for these rows `i` and
/// columns `j`. What lies outside of them in `c` stays as it is.
pub fn add_block(
    a: &[f32],
    b: &[f32],
    c: &mut [f32],
    sizes: [usize; 3],
    rows: Range<usize>,
    columns: Range<usize>,
    terms: Range<usize>,
) {
    let [_, n, k] = sizes;
    // exercise: begin, about 7 lines: Three loops. Which of them goes inside, so that neighbors in
    //   memory are read one after the other?
    // stub: todo!("add the products of this block to c")
    for i in rows {
        for l in terms.clone() {
            let factor = a[i * k + l];
            let from = &b[l * n..][columns.clone()];
            let to = &mut c[i * n..][columns.clone()];
            to.iter_mut().zip(from).for_each(|(c, b)| *c += factor * b);
        }
    }
    // exercise: end
}

/// `c = a b`, in blocks of `block` rows, columns and terms; those at the edges may be smaller.
/// `block` is at least 1, and `c` may hold anything before.
pub fn multiply(a: &[f32], b: &[f32], c: &mut [f32], sizes: [usize; 3], block: usize) {
    let [m, n, k] = sizes;
    // exercise: begin, about 9 lines: Empty c, then add every block of a times every block of b.
    // stub: todo!("add all blocks")
    c.fill(0.0);
    for i in (0..m).step_by(block) {
        for l in (0..k).step_by(block) {
            for j in (0..n).step_by(block) {
                let rows = i..m.min(i + block);
                let columns = j..n.min(j + block);
                let terms = l..k.min(l + block);
                add_block(a, b, c, sizes, rows, columns, terms);
            }
        }
    }
    // exercise: end
}
