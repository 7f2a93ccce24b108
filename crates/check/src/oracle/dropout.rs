//! Dropout (Srivastava et al., 2014): each element is zeroed with probability `p`, and those that
//! stay are scaled by `1 / (1 - p)` so that the expectation does not change.

use super::index::expect_len;
use super::philox;

/// `y = x / (1 - p)` where `keep`, else 0. The gradient is the same function of `dy`.
pub fn dropout(x: &[f64], keep: &[bool], p: f64) -> Vec<f64> {
    expect_len("keep", keep, x.len());
    x.iter().zip(keep).map(|(x, &keep)| if keep { x / (1.0 - p) } else { 0.0 }).collect()
}

/// Which of `n` elements stay: those whose number is at least `p`, in the stream of (seed, step, op).
pub fn keep(seed: u64, step: u32, op: u32, p: f64, n: usize) -> Vec<bool> {
    (0..n).map(|i| philox::uniform(philox::word(seed, step, op, i)) >= p).collect()
}
