//! The largest elements of each row, in order.

use std::cmp::Ordering;

/// Values and places of the `k` largest elements of each row of `width`, the largest first; of equals
/// the first, and NaN before everything.
pub fn topk(x: &[f64], width: usize, k: usize) -> (Vec<f64>, Vec<usize>) {
    let mut out = (Vec::new(), Vec::new());
    for row in x.chunks_exact(width.max(1)) {
        let mut order: Vec<usize> = (0..width).collect();
        // A stable sort: equals stay in their order.
        order.sort_by(|&a, &b| match (row[a].is_nan(), row[b].is_nan()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => row[b].partial_cmp(&row[a]).unwrap_or(Ordering::Equal),
        });
        out.0.extend(order[..k].iter().map(|&i| row[i]));
        out.1.extend(&order[..k]);
    }
    out
}
