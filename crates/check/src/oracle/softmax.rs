//! Softmax and log-softmax along the last axis of `[rows, cols]`.
//!
//! Both subtract the row's maximum first. That changes nothing on paper and everything on a
//! machine: `exp(1000)` overflows even in float64.

/// `y = exp(x - max) / sum(exp(x - max))` for each row.
pub fn softmax(x: &[f64], cols: usize) -> Vec<f64> {
    rows(x, cols)
        .flat_map(|row| {
            let (max, sum) = max_and_sum(row);
            row.iter().map(move |x| (x - max).exp() / sum)
        })
        .collect()
}

/// `y = x - logsumexp(x)` for each row.
pub fn log_softmax(x: &[f64], cols: usize) -> Vec<f64> {
    rows(x, cols)
        .flat_map(|row| {
            let (max, sum) = max_and_sum(row);
            row.iter().map(move |x| x - max - sum.ln())
        })
        .collect()
}

/// `log(sum(exp(x)))` for each row: `[rows]`.
pub fn logsumexp(x: &[f64], cols: usize) -> Vec<f64> {
    rows(x, cols)
        .map(|row| {
            let (max, sum) = max_and_sum(row);
            max + sum.ln()
        })
        .collect()
}

/// Gradient of softmax, from its output: `dx = y (dy - sum(dy y))`.
pub fn softmax_backward(y: &[f64], dy: &[f64], cols: usize) -> Vec<f64> {
    rows(y, cols)
        .zip(rows(dy, cols))
        .flat_map(|(y, dy)| {
            let dot: f64 = y.iter().zip(dy).map(|(y, dy)| y * dy).sum();
            y.iter().zip(dy).map(move |(y, dy)| y * (dy - dot))
        })
        .collect()
}

/// Gradient of log-softmax, from its output: `dx = dy - exp(y) sum(dy)`.
pub fn log_softmax_backward(y: &[f64], dy: &[f64], cols: usize) -> Vec<f64> {
    rows(y, cols)
        .zip(rows(dy, cols))
        .flat_map(|(y, dy)| {
            let sum: f64 = dy.iter().sum();
            y.iter().zip(dy).map(move |(y, dy)| dy - y.exp() * sum)
        })
        .collect()
}

/// The rows of `x`; none if a row has no columns.
fn rows(x: &[f64], cols: usize) -> std::slice::ChunksExact<'_, f64> {
    assert!(cols == 0 || x.len().is_multiple_of(cols), "{} elements in rows of {cols}", x.len());
    x.chunks_exact(cols.max(1))
}

/// A row's maximum m, and `sum(exp(x - m))`.
pub(crate) fn max_and_sum(row: &[f64]) -> (f64, f64) {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    (max, row.iter().map(|x| (x - max).exp()).sum())
}
