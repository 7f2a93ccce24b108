//! Moving elements without changing them: views made dense.

use super::index::{expect_len, indices, len, ravel};
use super::zip;

/// `y[index] = x[offset + sum(index * strides)]`: the dense copy of any strided view. Strides are
/// in elements and may be zero (broadcast) or negative (reversed).
pub fn gather(x: &[f64], shape: &[usize], strides: &[isize], offset: usize) -> Vec<f64> {
    let place = |index: Vec<usize>| {
        index
            .iter()
            .zip(strides)
            .fold(offset as isize, |at, (&i, &stride)| at + i as isize * stride) as usize
    };
    indices(shape).map(|index| x[place(index)]).collect()
}

/// Axis `i` of the result is axis `order[i]` of `x`.
pub fn permute(x: &[f64], shape: &[usize], order: &[usize]) -> Vec<f64> {
    expect_len("x", x, len(shape));
    let new_shape: Vec<usize> = order.iter().map(|&axis| shape[axis]).collect();
    indices(&new_shape)
        .map(|index| {
            let mut old = vec![0; shape.len()];
            for (i, &axis) in order.iter().enumerate() {
                old[axis] = index[i];
            }
            x[ravel(&old, shape)]
        })
        .collect()
}

/// `[rows, cols]` to `[cols, rows]`.
pub fn transpose(x: &[f64], rows: usize, cols: usize) -> Vec<f64> {
    permute(x, &[rows, cols], &[1, 0])
}

/// `x` repeated until it has shape `new_shape`, which `shape` must broadcast to.
pub fn broadcast_to(x: &[f64], shape: &[usize], new_shape: &[usize]) -> Vec<f64> {
    expect_len("x", x, len(shape));
    indices(new_shape).map(|index| x[zip::source(&index, shape)]).collect()
}
