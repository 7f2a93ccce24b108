//! Functions of one number, applied to every element.
//!
//! The functions are scalar: `map::map(&x, map::tanh)` applies one to a slice.

pub use super::gelu::{gelu_tanh, gelu_tanh_derivative};

/// `y[i] = f(x[i])`.
pub fn map(x: &[f64], f: impl Fn(f64) -> f64) -> Vec<f64> {
    x.iter().map(|&x| f(x)).collect()
}

/// `-x`
pub fn neg(x: f64) -> f64 {
    -x
}

/// `e^x`
pub fn exp(x: f64) -> f64 {
    x.exp()
}

/// Natural logarithm. `log(0) = -inf`; NaN below zero.
pub fn log(x: f64) -> f64 {
    x.ln()
}

/// Square root; NaN below zero.
pub fn sqrt(x: f64) -> f64 {
    x.sqrt()
}

/// `1 / sqrt(x)`
pub fn rsqrt(x: f64) -> f64 {
    1.0 / x.sqrt()
}

/// Hyperbolic tangent.
pub fn tanh(x: f64) -> f64 {
    x.tanh()
}

/// Sine of `x` radians.
pub fn sin(x: f64) -> f64 {
    x.sin()
}

/// Cosine of `x` radians.
pub fn cos(x: f64) -> f64 {
    x.cos()
}

/// `max(x, 0)`, NaN for NaN.
pub fn relu(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { x }
}

/// `1 / (1 + e^-x)`
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `x * sigmoid(x)`, also called swish.
pub fn silu(x: f64) -> f64 {
    x * sigmoid(x)
}

/// `|x|`
pub fn abs(x: f64) -> f64 {
    x.abs()
}

/// `1 / x`; `recip(0) = inf`.
pub fn recip(x: f64) -> f64 {
    1.0 / x
}

/// `x * x`
pub fn square(x: f64) -> f64 {
    x * x
}

/// The function `x -> x^p`, for a fixed `p`.
pub fn powf(p: f64) -> impl Fn(f64) -> f64 {
    move |x| x.powf(p)
}

/// The function `x -> s * x + t`, for fixed `s` and `t`.
pub fn affine(s: f64, t: f64) -> impl Fn(f64) -> f64 {
    move |x| s * x + t
}

/// The function of the given name (`"tanh"`, `"gelu_tanh"`, ...), for tests that go over all of
/// them. `None` if there is no such function here.
pub fn by_name(name: &str) -> Option<Function> {
    NAMED.iter().find(|(known, _)| *known == name).map(|&(_, f)| f)
}

/// A function of one number.
pub type Function = fn(f64) -> f64;

/// Every function of one number without further parameters, by name.
pub const NAMED: &[(&str, Function)] = &[
    ("neg", neg),
    ("exp", exp),
    ("log", log),
    ("sqrt", sqrt),
    ("rsqrt", rsqrt),
    ("tanh", tanh),
    ("sin", sin),
    ("cos", cos),
    ("relu", relu),
    ("sigmoid", sigmoid),
    ("silu", silu),
    ("gelu_tanh", gelu_tanh),
    ("abs", abs),
    ("recip", recip),
    ("square", square),
];
