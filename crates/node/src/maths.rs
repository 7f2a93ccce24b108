//! Arithmetic, element by element, and reductions.
use crate::guard::guard;
use crate::numbers::{dims, single};
use crate::table::{get, op1, op2, put_tensor};
use napi_derive::napi;
use strata_ml::autograd::Var;
use strata_ml::gelu::GeluExt;
use strata_ml::loss::{log_softmax as log_softmax_of, softmax as softmax_of};
use strata_ml::matmul::MatmulExt;

macro_rules! unary {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {$(
        $(#[$doc])*
        #[napi]
        pub fn $name(a: u32) -> napi::Result<u32> {
            op1(a, $op)
        }
    )*};
}

macro_rules! binary {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {$(
        $(#[$doc])*
        #[napi]
        pub fn $name(a: u32, b: u32) -> napi::Result<u32> {
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
        #[napi]
        pub fn $name(a: u32, b: u32) -> napi::Result<u32> {
            guard(|| Ok(put_tensor(get(a)?.value().$name(get(b)?.value())?)))
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
#[napi]
pub fn affine(a: u32, alpha: f64, beta: f64) -> napi::Result<u32> {
    op1(a, |a| a.affine(single(alpha), single(beta)))
}

/// `a^exponent`.
#[napi]
pub fn powf(a: u32, exponent: f64) -> napi::Result<u32> {
    op1(a, |a| a.powf(single(exponent)))
}

/// `a` between two bounds.
#[napi]
pub fn clamp(a: u32, low: f64, high: f64) -> napi::Result<u32> {
    op1(a, |a| a.clamp(single(low), single(high)))
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $text:literal => $op:path;)*) => {$(
        $(#[$doc])*
        #[napi]
        pub fn $name(a: u32, over: Vec<f64>, keepdim: bool) -> napi::Result<u32> {
            let over = guard(|| dims($text, &over))?;
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
#[napi]
pub fn argmax(a: u32) -> napi::Result<u32> {
    guard(|| Ok(put_tensor(get(a)?.value().argmax()?)))
}
