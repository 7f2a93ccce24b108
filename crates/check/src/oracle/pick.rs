//! Elements picked along one dimension by an index, and the way back.
//!
//! The index has as many dimensions as the tensor; its element at `(i, j, k)` is, for `axis` 1, about
//! `x[i, index[i, j, k], k]`.

use super::index::{expect_len, indices, len, ravel};

/// Where `index` points along an axis of length `size`, or `None` if that is outside.
fn place(at: &[usize], axis: usize, index: i64, size: usize) -> Option<Vec<usize>> {
    let inside = usize::try_from(index).ok().filter(|&i| i < size)?;
    let mut place = at.to_vec();
    place[axis] = inside;
    Some(place)
}

/// `y[i, j, k] = x[i, index[i, j, k], k]`; `missing` where the index is outside.
pub fn gather(
    x: &[f64],
    shape: &[usize],
    axis: usize,
    index: &[i64],
    index_shape: &[usize],
    missing: f64,
) -> Vec<f64> {
    expect_len("x", x, len(shape));
    expect_len("index", index, len(index_shape));
    indices(index_shape)
        .zip(index)
        .map(|(at, &i)| place(&at, axis, i, shape[axis]).map_or(missing, |at| x[ravel(&at, shape)]))
        .collect()
}

/// `y = x; y[i, index[i, j, k], k] += src[i, j, k]`, in row-major order. An index outside makes the first
/// element along the axis NaN.
pub fn scatter_add(
    x: &[f64],
    shape: &[usize],
    axis: usize,
    index: &[i64],
    index_shape: &[usize],
    src: &[f64],
    src_shape: &[usize],
) -> Vec<f64> {
    expect_len("x", x, len(shape));
    expect_len("index", index, len(index_shape));
    expect_len("src", src, len(src_shape));
    let mut y = x.to_vec();
    if shape[axis] == 0 {
        return y;
    }
    for (at, &i) in indices(index_shape).zip(index) {
        match place(&at, axis, i, shape[axis]) {
            Some(to) => y[ravel(&to, shape)] += src[ravel(&at, src_shape)],
            None => {
                let mut first = at.clone();
                first[axis] = 0;
                y[ravel(&first, shape)] = f64::NAN;
            }
        }
    }
    y
}
