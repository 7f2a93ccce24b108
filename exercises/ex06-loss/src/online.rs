//! Log-sum-exp of a stream, in one pass.
//!
//! `log(sum of e^x)` overflows as soon as an `x` is above 88. So one keeps the largest number `m`
//! seen so far and sums `e^(x - m)`: no exponent is above 0. When a larger number comes, everything
//! summed so far was taken under the wrong `m`, and one multiplication puts it right.
#![allow(unused, unreachable_code, clippy::all)]

/// The largest number so far, and the sum of `e^(x - largest)` over all numbers so far.
pub type Running = (f32, f32);

/// Of no numbers at all. The logarithm of an empty sum is minus infinity.
pub const EMPTY: Running = (f32::NEG_INFINITY, 0.0);

/// With one more number. Minus infinity may come too (a masked logit): `e^-inf` is 0.
pub fn add((largest, sum): Running, x: f32) -> Running {
    // TODO, about 7 lines: Three cases: x adds nothing, x is a new largest, x is
    //   neither.
    todo!("the pair after one more number")
}

/// Two parts of a stream as one: what `add` would have made of all their numbers.
pub fn merge(a: Running, b: Running) -> Running {
    // TODO, about 6 lines: Bring both sums under the larger of the two maxima.
    todo!("the pair of both parts together")
}

/// `log(sum of e^x)` over all numbers so far.
pub fn log_sum_exp((largest, sum): Running) -> f32 {
    // TODO, about 1 line: Undo the subtraction. What becomes of EMPTY?
    todo!("the logarithm")
}
