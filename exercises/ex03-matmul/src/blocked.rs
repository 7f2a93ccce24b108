//! A product in blocks that stay in the cache.
//!
//! Three plain loops go through all of b again for every row of a. As soon as b is larger than the
//! cache, it comes from memory each time, and the processor waits. So all three loops are cut into
//! blocks: a block of a, one of b and one of c together fit into the cache, and each number that was
//! fetched is used many times before it goes.
//!
//! Matrices lie row by row: `a` is `[m, k]`, `b` is `[k, n]`, `c` is `[m, n]`; `sizes` are `[m, n, k]`.
#![allow(unused, unreachable_code, clippy::all)]

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
    // TODO, about 7 lines: Three loops. Which of them goes inside, so that neighbors in
    //   memory are read one after the other?
    todo!("add the products of this block to c")
}

/// `c = a b`, in blocks of `block` rows, columns and terms; those at the edges may be smaller.
/// `block` is at least 1, and `c` may hold anything before.
pub fn multiply(a: &[f32], b: &[f32], c: &mut [f32], sizes: [usize; 3], block: usize) {
    let [m, n, k] = sizes;
    // TODO, about 9 lines: Empty c, then add every block of a times every block of b.
    todo!("add all blocks")
}
