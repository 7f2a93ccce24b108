//! Arithmetic, element by element, and reductions.
use crate::Result;
use crate::engine::autograd::Var;
use crate::engine::gelu::GeluExt;
use crate::engine::loss::{log_softmax as log_softmax_of, softmax as softmax_of};
use crate::engine::matmul::MatmulExt;
use crate::numbers::{dims, single};
use crate::table::{get, op1, op2, put_tensor};

exports! { ($) maths_functions
    now {
        neg, exp, log, sqrt, square, abs, recip, sin, cos, tanh: (a: Handle) -> Handle;
        relu, sigmoid, gelu, silu, softmax, log_softmax, argmax: (a: Handle) -> Handle;
        add, sub, mul, div, pow, maximum, minimum, matmul: (a: Handle, b: Handle) -> Handle;
        rem, eq, ne, gt, ge, lt, le: (a: Handle, b: Handle) -> Handle;
        affine: (a: Handle, alpha: f64, beta: f64) -> Handle;
        powf: (a: Handle, exponent: f64) -> Handle;
        clamp: (a: Handle, low: f64, high: f64) -> Handle;
        sum, mean, max, min, norm: (a: Handle, over: Numbers, keepdim: bool) -> Handle;
    }
}

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(a: u32) -> Result<u32> {
            op1(a, $op)
        }
    )*};
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(a: u32, b: u32) -> Result<u32> {
            op2(a, b, $op)
        }
    )*};
}

unary! {
    /// `-a`.
    neg => Var::neg;
    /// `e^a`.
    exp => Var::exp;
    /// Natural logarithm.
    log => Var::log;
    /// Square root.
    sqrt => Var::sqrt;
    /// `a²`.
    square => Var::square;
    /// `|a|`.
    abs => Var::abs;
    /// `1 / a`.
    recip => Var::recip;
    /// Sine.
    sin => Var::sin;
    /// Cosine.
    cos => Var::cos;
    /// Hyperbolic tangent.
    tanh => Var::tanh;
    /// `max(a, 0)`.
    relu => Var::relu;
    /// `1 / (1 + e^-a)`.
    sigmoid => Var::sigmoid;
    /// GELU in its tanh form.
    gelu => |a| a.gelu();
    /// `a · sigmoid(a)`.
    silu => |a| a.silu();
    /// Softmax over the last dimension.
    softmax => softmax_of;
    /// Its logarithm.
    log_softmax => log_softmax_of;
}

binary! {
    /// `a + b`.
    add => Var::add;
    /// `a - b`.
    sub => Var::sub;
    /// `a · b`, element by element.
    mul => Var::mul;
    /// `a / b`.
    div => Var::div;
    /// `a^b`.
    pow => Var::pow;
    /// The larger of each pair.
    maximum => Var::maximum;
    /// The smaller of each pair.
    minimum => Var::minimum;
    /// The matrix product.
    matmul => |a, b| a.matmul(b);
}

macro_rules! constants {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub fn $name(a: u32, b: u32) -> Result<u32> {
            Ok(put_tensor(get(a)?.value().$name(get(b)?.value())?))
        }
    )*};
}

constants! {
    /// What a division towards 0 leaves of integers.
    rem;
    /// 1 where equal, else 0.
    eq;
    /// 1 where different, else 0.
    ne;
    /// 1 where `a > b`, else 0.
    gt;
    /// 1 where `a >= b`, else 0.
    ge;
    /// 1 where `a < b`, else 0.
    lt;
    /// 1 where `a <= b`, else 0.
    le;
}

/// `alpha · a + beta`.
pub fn affine(a: u32, alpha: f64, beta: f64) -> Result<u32> {
    op1(a, |a| a.affine(single(alpha), single(beta)))
}

/// `a^exponent`.
pub fn powf(a: u32, exponent: f64) -> Result<u32> {
    op1(a, |a| a.powf(single(exponent)))
}

/// `a` between two bounds.
pub fn clamp(a: u32, low: f64, high: f64) -> Result<u32> {
    op1(a, |a| a.clamp(single(low), single(high)))
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $text:literal => $op:path;)*) => {$(
        $(#[$doc])*
        pub fn $name(a: u32, over: Vec<f64>, keepdim: bool) -> Result<u32> {
            let over = dims($text, &over)?;
            op1(a, |a| $op(a, &over, keepdim))
        }
    )*};
}

reductions! {
    /// The sum over dimensions.
    sum "sum" => Var::sum;
    /// The mean over dimensions.
    mean "mean" => Var::mean;
    /// The largest element over dimensions.
    max "max" => Var::max;
    /// The smallest element over dimensions.
    min "min" => Var::min;
    /// The Euclidean norm over dimensions.
    norm "norm" => Var::norm;
}

/// Places of the largest elements along the last dimension.
pub fn argmax(a: u32) -> Result<u32> {
    Ok(put_tensor(get(a)?.value().argmax()?))
}
