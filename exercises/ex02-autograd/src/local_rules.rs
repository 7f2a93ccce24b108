//! The chain rule, one op at a time.
//!
//! A tape knows no calculus. Every op brings a rule of its own: told how much the loss moves when the
//! op's result moves (`upstream`), it answers how much the loss moves when an input moves. That is the
//! upstream gradient times a slope, and the slope is all that differs from op to op.
//!
//! What a rule needs was kept by the forward pass, so look at what it is given: for some ops that is
//! the input x, for others the result y, because the slope is cheaper to say with it.
#![allow(unused, unreachable_code, clippy::all)]

/// `y = a * b`: the gradients of a and of b.
pub fn mul(upstream: f64, a: f64, b: f64) -> (f64, f64) {
    // TODO, about 1 line: If b is 5, how far does y move when a moves by 1?
    todo!("the gradients of a and b")
}

/// `y = a / b`: the gradients of a and of b.
pub fn div(upstream: f64, a: f64, b: f64) -> (f64, f64) {
    // TODO, about 1 line: A larger b makes y smaller, and the larger it is the less so.
    todo!("the gradients of a and b")
}

/// `y = e^x`: the gradient of x. The result y was kept.
pub fn exp(upstream: f64, y: f64) -> f64 {
    // TODO, about 1 line: The exponential is its own slope.
    todo!("the gradient of x, from y")
}

/// `y = tanh(x)`: the gradient of x. The result y was kept.
pub fn tanh(upstream: f64, y: f64) -> f64 {
    // TODO, about 1 line: Steepest in the middle, where y is 0; flat at both ends.
    todo!("the gradient of x, from y")
}

/// `y = sqrt(x)`: the gradient of x. The result y was kept.
pub fn sqrt(upstream: f64, y: f64) -> f64 {
    // TODO, about 1 line: Write sqrt as a power, take the slope, then say it with y.
    todo!("the gradient of x, from y")
}

/// `y = max(x, 0)`: the gradient of x. The input x was kept. At 0 there is a kink and no slope;
/// everybody takes 0 there.
pub fn relu(upstream: f64, x: f64) -> f64 {
    // TODO, about 1 line: Let it pass, or not.
    todo!("the gradient of x")
}
