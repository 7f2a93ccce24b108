//! Row-major index arithmetic, shared by the oracles.

/// How many elements a shape holds. A scalar (`[]`) holds one; any zero makes it none.
pub fn len(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Row-major strides in elements: how far apart neighbours along each axis lie.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// The multi-dimensional index of flat position `flat`. `flat` must lie inside `shape`.
pub fn unravel(mut flat: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for axis in (0..shape.len()).rev() {
        index[axis] = flat % shape[axis];
        flat /= shape[axis];
    }
    index
}

/// The flat position of a multi-dimensional index.
pub fn ravel(index: &[usize], shape: &[usize]) -> usize {
    assert_eq!(index.len(), shape.len(), "index {index:?} in shape {shape:?}");
    index.iter().zip(shape).fold(0, |flat, (i, n)| flat * n + i)
}

/// Every index of `shape`, in row-major order.
pub fn indices(shape: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    (0..len(shape)).map(|flat| unravel(flat, shape))
}

/// Panics unless `slice` has as many elements as `shape` says.
pub(crate) fn expect_len<T>(what: &str, slice: &[T], expected: usize) {
    assert_eq!(
        slice.len(),
        expected,
        "{what}: {} elements, its shape says {expected}",
        slice.len()
    );
}
