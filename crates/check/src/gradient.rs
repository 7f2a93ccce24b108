//! Gradient checks: what calculus says, against what the engine computed.
//!
//! A backward pass is derived by hand and easy to get wrong in ways that still train, only worse.
//! Central differences of the float64 oracle know nothing of the derivation:
//!
//! ```text
//! df/dx[i] = (f(x + h e_i) - f(x - h e_i)) / 2h + O(h^2)
//! ```
//!
//! They are taken twice, with h and h/2, and combined so that the h^2 error cancels too
//! (Richardson's extrapolation). Near a kink (relu at 0, max at a tie) they mean nothing: keep
//! inputs away from it.

use crate::report::{Check, Element, Report};
use crate::tolerance::Tolerance;

/// The gradient of `f` at `x`, accurate to about ten digits for a smooth `f`.
pub fn numeric(f: impl Fn(&[f64]) -> f64, x: &[f64]) -> Vec<f64> {
    let mut point = x.to_vec();
    let mut central = |i: usize, h: f64| {
        point[i] = x[i] + h;
        let above = f(&point);
        point[i] = x[i] - h;
        let below = f(&point);
        point[i] = x[i];
        (above - below) / (2.0 * h)
    };
    (0..x.len())
        .map(|i| {
            // Truncation h^4 and cancellation 2^-52/h are about equal at 2^-10.
            let h = x[i].abs().max(1.0) / 1024.0;
            (4.0 * central(i, h / 2.0) - central(i, h)) / 3.0
        })
        .collect()
}

/// `sum(y * dy)`: turns an oracle with many outputs into a function with one. Its gradient is what
/// the backward pass gives for the upstream gradient `dy`.
pub fn dot(y: &[f64], dy: &[f64]) -> f64 {
    y.iter().zip(dy).map(|(y, dy)| y * dy).sum()
}

/// Compares an engine's gradient `got` with the finite differences of `f` at `x`.
///
/// # Errors
///
/// The [`Report`] of `check` if they do not agree.
pub fn check<T: Element>(
    check: &Check<'_>,
    got: &[T],
    f: impl Fn(&[f64]) -> f64,
    x: &[f64],
    tolerance: &Tolerance,
) -> Result<(), Report> {
    check.compare(got, &numeric(f, x), tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cubes_and_exponentials() {
        let x = [0.5, -2.0, 30.0];
        let cube = numeric(|x| x.iter().map(|x| x.powi(3)).sum(), &x);
        let exp = numeric(|x| x.iter().map(|x| (x / 10.0).exp()).sum(), &x);
        for i in 0..3 {
            assert!((cube[i] - 3.0 * x[i] * x[i]).abs() < 1e-9 * x[i].abs().powi(3).max(1.0));
            assert!((exp[i] - (x[i] / 10.0).exp() / 10.0).abs() < 1e-10);
        }
    }
}
