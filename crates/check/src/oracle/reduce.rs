//! Reductions over a list of axes.
//!
//! The result has the shape of the input without the reduced axes (ask [`reduced_shape`]); its
//! elements stand in the same order whether the caller keeps those axes as 1 or drops them.

use super::index::{expect_len, indices, len, ravel};
use super::zip;

/// `shape` without the axes in `axes`.
pub fn reduced_shape(shape: &[usize], axes: &[usize]) -> Vec<usize> {
    (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| shape[axis]).collect()
}

/// How many elements are folded into each element of the result: the K of the error bound.
pub fn terms(shape: &[usize], axes: &[usize]) -> usize {
    (0..shape.len()).filter(|axis| axes.contains(axis)).map(|axis| shape[axis]).product()
}

/// The elements that fold into each element of the result, each group in row-major order.
fn groups(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<Vec<f64>> {
    expect_len("x", x, len(shape));
    let kept = reduced_shape(shape, axes);
    let mut groups = vec![Vec::new(); len(&kept)];
    for (flat, index) in indices(shape).enumerate() {
        let place: Vec<usize> =
            (0..shape.len()).filter(|axis| !axes.contains(axis)).map(|axis| index[axis]).collect();
        groups[ravel(&place, &kept)].push(x[flat]);
    }
    groups
}

/// Sum over `axes`; 0 where nothing is summed.
pub fn sum(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    groups(x, shape, axes).iter().map(|group| group.iter().sum::<f64>() + 0.0).collect()
}

/// Sum of absolute values over `axes`: the magnitude that the error bound of [`sum`] scales with.
pub fn sum_abs(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    groups(x, shape, axes)
        .iter()
        .map(|group| group.iter().map(|x| x.abs()).sum::<f64>() + 0.0)
        .collect()
}

/// Mean over `axes`; NaN where nothing is averaged (0 / 0).
pub fn mean(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    let count = terms(shape, axes) as f64;
    sum(x, shape, axes).iter().map(|sum| sum / count).collect()
}

/// Largest element over `axes`; NaN if there is one, `-inf` over nothing.
pub fn max(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    groups(x, shape, axes)
        .iter()
        .map(|group| group.iter().copied().fold(f64::NEG_INFINITY, zip::max))
        .collect()
}

/// Smallest element over `axes`; NaN if there is one, `+inf` over nothing.
pub fn min(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<f64> {
    groups(x, shape, axes)
        .iter()
        .map(|group| group.iter().copied().fold(f64::INFINITY, zip::min))
        .collect()
}

/// Where the largest element over `axes` stands: its row-major position among the reduced axes.
/// The first one wins a tie; a NaN counts as larger than everything.
pub fn argmax(x: &[f64], shape: &[usize], axes: &[usize]) -> Vec<usize> {
    groups(x, shape, axes).iter().map(|group| argmax_of(group)).collect()
}

/// The position of the first largest element of one group, 0 if it is empty.
fn argmax_of(group: &[f64]) -> usize {
    let mut best = 0;
    for (i, x) in group.iter().enumerate() {
        if group[best].is_nan() {
            break;
        }
        if x.is_nan() || *x > group[best] {
            best = i;
        }
    }
    best
}
