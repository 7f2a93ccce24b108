//! Running sums along one axis.

use super::index::{expect_len, len};

/// Where element `j` along `axis` of column `column` lies.
fn places(shape: &[usize], axis: usize) -> impl Fn(usize, usize) -> usize {
    let (length, inner) = (shape[axis], len(&shape[axis + 1..]));
    move |column, j| (column / inner * length + j) * inner + column % inner
}

/// `out[j] = x[0] + .. + x[j]` along `axis`; with `reverse`, `x[j] + ..` to the last.
pub fn cumsum(x: &[f64], shape: &[usize], axis: usize, reverse: bool) -> Vec<f64> {
    expect_len("x", x, len(shape));
    let (length, place) = (shape[axis], places(shape, axis));
    let mut out = x.to_vec();
    for column in 0..x.len() / length.max(1) {
        let mut sum = 0.0;
        for step in 0..length {
            let at = place(column, if reverse { length - 1 - step } else { step });
            sum += x[at];
            out[at] = sum;
        }
    }
    out
}

/// [`cumsum`] of absolute values: the magnitude that its error bound scales with.
pub fn cumsum_abs(x: &[f64], shape: &[usize], axis: usize, reverse: bool) -> Vec<f64> {
    let sizes: Vec<f64> = x.iter().map(|x| x.abs()).collect();
    cumsum(&sizes, shape, axis, reverse)
}
