//! Reproducible inputs: the same numbers for the same seed, on every machine.
//!
//! Inputs are f32, so that the engine and the oracle start from exactly the same values:
//! [`widen`] gives the oracle its float64 view of them.

use crate::oracle::philox::{uniform as unit, word};
use std::f64::consts::TAU;

/// The stream that samples are drawn from; dropout and weights have others.
const STREAM: u32 = 0x0054_4553;

/// `n` numbers, uniform in `low..high`.
pub fn uniform(seed: u64, n: usize, low: f32, high: f32) -> Vec<f32> {
    let width = f64::from(high) - f64::from(low);
    (0..n).map(|i| (f64::from(low) + width * unit(word(seed, 0, STREAM, i))) as f32).collect()
}

/// `n` numbers of the standard normal distribution (Box and Muller, 1958).
pub fn normal(seed: u64, n: usize) -> Vec<f32> {
    let draw = |i: usize| {
        let radius = (-2.0 * (1.0 - unit(word(seed, 1, STREAM, 2 * i))).ln()).sqrt();
        (radius * (TAU * unit(word(seed, 1, STREAM, 2 * i + 1))).cos()) as f32
    };
    (0..n).map(draw).collect()
}

/// `n` of those for kernels that are timed: a million are drawn, and repeated where more are asked for. No
/// kernel can tell, and drawing them takes longer than any.
pub fn noise(seed: u64, n: usize) -> Vec<f32> {
    const DRAWN: usize = 1_000_003; // a prime: the pattern meets rows at another place each time
    normal(seed, n.min(DRAWN)).into_iter().cycle().take(n).collect()
}

/// `n` integers, uniform in `0..below` (all 0 if `below` is): tokens, targets, indices.
pub fn tokens(seed: u64, n: usize, below: u32) -> Vec<i32> {
    let draw = |i| ((u64::from(word(seed, 2, STREAM, i)) * u64::from(below)) >> 32) as i32;
    (0..n).map(draw).collect()
}

/// The same numbers in float64.
pub fn widen(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// The nearest f32 numbers.
pub fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| x as f32).collect()
}
