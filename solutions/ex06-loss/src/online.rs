//! Log-sum-exp of a stream, in one pass.
//!
//! `log(sum of e^x)` overflows as soon as an `x` is above 88. So one keeps the largest number `m`
//! seen so far and sums `e^(x - m)`: no exponent is above 0. When a larger number comes, everything
//! summed so far was taken under the wrong `m`, and one multiplication puts it right.

/// The largest number so far, and the sum of `e^(x - largest)` over all numbers so far.
pub type Running = (f32, f32);

/// Of no numbers at all. The logarithm of an empty sum is minus infinity.
pub const EMPTY: Running = (f32::NEG_INFINITY, 0.0);

/// With one more number. Minus infinity may come too (a masked logit): `e^-inf` is 0.
pub fn add((largest, sum): Running, x: f32) -> Running {
    // exercise: begin, about 7 lines: Three cases: x adds nothing, x is a new largest, x is
    //   neither.
    // stub: todo!("the pair after one more number")
    if x == f32::NEG_INFINITY {
        return (largest, sum);
    }
    if x > largest {
        (x, sum * (largest - x).exp() + 1.0)
    } else {
        (largest, sum + (x - largest).exp())
    }
    // exercise: end
}

/// Two parts of a stream as one: what `add` would have made of all their numbers.
pub fn merge(a: Running, b: Running) -> Running {
    // exercise: begin, about 6 lines: Bring both sums under the larger of the two maxima.
    // stub: todo!("the pair of both parts together")
    let largest = a.0.max(b.0);
    if largest == f32::NEG_INFINITY {
        return EMPTY;
    }
    let under_largest = |part: Running| part.1 * (part.0 - largest).exp();
    (largest, under_largest(a) + under_largest(b))
    // exercise: end
}

/// `log(sum of e^x)` over all numbers so far.
pub fn log_sum_exp((largest, sum): Running) -> f32 {
    // exercise: begin, about 1 line: Undo the subtraction. What becomes of EMPTY?
    // stub: todo!("the logarithm")
    largest + sum.ln()
    // exercise: end
}
