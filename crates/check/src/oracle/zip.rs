//! Functions of two numbers, applied to two tensors whose shapes broadcast.
//!
//! Broadcasting aligns shapes at their last axis. Two lengths agree if they are equal or if one
//! of them is 1; a missing axis counts as 1. `[3, 1] + [4]` has shape `[3, 4]`.

use super::index::{expect_len, indices, ravel};

/// The shape that `a` and `b` broadcast to, or `None` if they do not.
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    // The length of `shape` along `axis` of the result; missing axes are 1.
    let at = |shape: &[usize], axis: usize| {
        if axis + shape.len() < rank { 1 } else { shape[axis + shape.len() - rank] }
    };
    (0..rank)
        .map(|axis| match (at(a, axis), at(b, axis)) {
            (m, n) if m == n => Some(m),
            (1, n) => Some(n),
            (m, 1) => Some(m),
            _ => None,
        })
        .collect()
}

/// Where index `index` of the broadcast result reads in a tensor of shape `shape`.
pub fn source(index: &[usize], shape: &[usize]) -> usize {
    let own = &index[index.len() - shape.len()..];
    let clamped: Vec<usize> =
        own.iter().zip(shape).map(|(&i, &n)| if n == 1 { 0 } else { i }).collect();
    ravel(&clamped, shape)
}

/// `y[i] = f(a[i], b[i])` with broadcasting. Panics if the shapes do not broadcast.
pub fn zip(
    a: &[f64],
    a_shape: &[usize],
    b: &[f64],
    b_shape: &[usize],
    f: impl Fn(f64, f64) -> f64,
) -> Vec<f64> {
    expect_len("a", a, a_shape.iter().product());
    expect_len("b", b, b_shape.iter().product());
    let Some(shape) = broadcast_shape(a_shape, b_shape) else {
        panic!("zip: shapes {a_shape:?} and {b_shape:?} do not broadcast")
    };
    indices(&shape).map(|i| f(a[source(&i, a_shape)], b[source(&i, b_shape)])).collect()
}

/// The gradient of a broadcast: sums `dy` (of shape `y_shape`) back to `shape`.
pub fn unbroadcast(dy: &[f64], y_shape: &[usize], shape: &[usize]) -> Vec<f64> {
    let mut dx = vec![0.0; shape.iter().product()];
    for (flat, i) in indices(y_shape).enumerate() {
        dx[source(&i, shape)] += dy[flat];
    }
    dx
}

/// `a + b`
pub fn add(a: f64, b: f64) -> f64 {
    a + b
}

/// `a - b`
pub fn sub(a: f64, b: f64) -> f64 {
    a - b
}

/// `a * b`
pub fn mul(a: f64, b: f64) -> f64 {
    a * b
}

/// `a / b`
pub fn div(a: f64, b: f64) -> f64 {
    a / b
}

/// `a^b`
pub fn pow(a: f64, b: f64) -> f64 {
    a.powf(b)
}

/// The larger of the two; NaN if either is.
pub fn max(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

/// The smaller of the two; NaN if either is.
pub fn min(a: f64, b: f64) -> f64 {
    if a.is_nan() || a < b { a } else { b }
}

/// A function of two numbers.
pub type Function = fn(f64, f64) -> f64;

/// Every function of two numbers, by name.
pub const NAMED: &[(&str, Function)] = &[
    ("add", add),
    ("sub", sub),
    ("mul", mul),
    ("div", div),
    ("pow", pow),
    ("max", max),
    ("min", min),
];

/// The function of the given name (`"add"`, `"max"`, ...), or `None`.
pub fn by_name(name: &str) -> Option<Function> {
    NAMED.iter().find(|(known, _)| *known == name).map(|&(_, f)| f)
}
