//! GELU on the processor.
//!
//! `1/2 (1 + tanh u)` is `sigmoid(2u)`, so `gelu(x) = x / (1 + e^-2u)`: one exponential and one
//! division, and nothing cancels where tanh u is close to -1.
use crate::backward::derive;
use crate::forward::activate;
use rayon::prelude::*;
use strata_lanes::{Body, exp, fma, widest};

/// Elements one task works on: 64 KiB of each operand.
const CHUNK: usize = 16 << 10;
/// -2 sqrt(2/pi): `-2u = x (LINEAR + CUBIC x^2)`.
const LINEAR: f32 = -1.595_769;
const CUBIC: f32 = LINEAR * 0.044_715;
/// Beyond this the derivative is 0 or 1 to every digit, while powers of x may overflow.
const FLAT: f32 = 10.0;
/// Beyond this power of e gelu is 0; of -infinity too, where the quotient is none.
const FAR: f32 = 88.7;

/// One element after the other, with the system's exponential.
pub(crate) fn gelu_naive(activate::Cpu { x, out, params, .. }: activate::Cpu<'_>) {
    let n = params.n;
    let pairs = out[..n].par_chunks_mut(CHUNK).zip(x[..n].par_chunks(CHUNK));
    pairs.for_each(|(out, x)| {
        for (out, &x) in out.iter_mut().zip(x) {
            let power = x * (LINEAR + CUBIC * x * x);
            *out = if power > FAR { 0.0 } else { x / (1.0 + power.exp()) };
        }
    });
}

/// Eight elements at once.
pub(crate) fn gelu_vectorized(activate::Cpu { x, out, params, .. }: activate::Cpu<'_>) {
    let n = params.n;
    let pairs = out[..n].par_chunks_mut(CHUNK).zip(x[..n].par_chunks(CHUNK));
    pairs.for_each(|(out, x)| widest(Forward { x, out }));
}

pub(crate) fn gelu_backward_naive(derive::Cpu { x, dy, dx, params, .. }: derive::Cpu<'_>) {
    let n = params.n;
    let (x, dy) = (x[..n].par_chunks(CHUNK), dy[..n].par_chunks(CHUNK));
    dx[..n].par_chunks_mut(CHUNK).zip(x).zip(dy).for_each(|((dx, x), dy)| {
        for ((dx, &x), &dy) in dx.iter_mut().zip(x).zip(dy) {
            *dx = dy * slope::<false>(x, f32::exp);
        }
    });
}

/// Eight elements at once.
pub(crate) fn gelu_backward_vectorized(derive::Cpu { x, dy, dx, params, .. }: derive::Cpu<'_>) {
    let n = params.n;
    let (x, dy) = (x[..n].par_chunks(CHUNK), dy[..n].par_chunks(CHUNK));
    dx[..n]
        .par_chunks_mut(CHUNK)
        .zip(x)
        .zip(dy)
        .for_each(|((dx, x), dy)| widest(Backward { x, dy, dx }));
}

struct Forward<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Body for Forward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (out, &x) in self.out.iter_mut().zip(self.x) {
            let power = x * fma::<FMA>(CUBIC, x * x, LINEAR);
            let y = x / (1.0 + exp::<FMA>(power));
            *out = if power > FAR { 0.0 } else { y };
        }
    }
}

struct Backward<'a> {
    x: &'a [f32],
    dy: &'a [f32],
    dx: &'a mut [f32],
}

impl Body for Backward<'_> {
    type Out = ();

    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for ((dx, &x), &dy) in self.dx.iter_mut().zip(self.x).zip(self.dy) {
            *dx = dy * slope::<FMA>(x, exp::<FMA>);
        }
    }
}

/// The derivative of gelu. With s = 1 / (1 + e) and e = e^w, w = x (a + b x^2):
///
/// ```text
/// gelu'(x) = s + x s',   s' = -w' e s^2,   w' = a + 3 b x^2
/// ```
#[inline(always)]
fn slope<const FMA: bool>(x: f32, exp: impl Fn(f32) -> f32) -> f32 {
    let x = if x < -FLAT { -FLAT } else { x };
    let x = if x > FLAT { FLAT } else { x };
    let square = x * x;
    let e = exp(x * fma::<FMA>(CUBIC, square, LINEAR));
    let s = 1.0 / (1.0 + e);
    s - x * fma::<FMA>(3.0 * CUBIC, square, LINEAR) * (e * s) * s
}
