//! e^x in a dozen instructions without a branch, so that a loop of them becomes vectors.
use super::simd::Isa;

/// `a * b + c`, in one rounding where the processor can.
#[inline(always)]
pub(super) fn fma<I: Isa>(a: f32, b: f32, c: f32) -> f32 {
    if I::FMA { a.mul_add(b, c) } else { a * b + c }
}

/// e^x with a relative error of about 1e-7; 0 below -87, where f32 runs out of normal numbers.
/// Meant for x up to 80. NaN stays NaN.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2. 2^n is made by writing n into the exponent's bits, e^r by a
/// polynomial (the coefficients are those of the Cephes library's expf).
#[inline(always)]
pub(super) fn exp<I: Isa>(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves no bits for a fraction: the sum's low bits are the integer n.
    const ROUND: f32 = 12_582_912.0;
    const LN2_HIGH: f32 = 355.0 / 512.0;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let tiny = x < -87.0;
    let x = if tiny { -87.0 } else { x };
    let shifted = fma::<I>(x, std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fma::<I>(n, -LN2_LOW, fma::<I>(n, -LN2_HIGH, x));
    let mut y = 1.987_569_2e-4;
    for coefficient in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5] {
        y = fma::<I>(y, r, coefficient);
    }
    let y = fma::<I>(y * r, r, r + 1.0);
    let scaled = f32::from_bits(y.to_bits().wrapping_add(shifted.to_bits() << 23));
    if tiny { 0.0 } else { scaled }
}

/// The largest of a row, -inf of none.
#[inline(always)]
pub(super) fn largest(row: &[f32]) -> f32 {
    fold(row, f32::NEG_INFINITY, |a, x| if x > a { x } else { a })
}

/// The sum of a row.
#[inline(always)]
pub(super) fn sum(row: &[f32]) -> f32 {
    fold(row, 0.0, |a, x| a + x)
}

/// Sixteen partial results side by side: the compiler may not reorder floats, we may.
#[inline(always)]
fn fold(row: &[f32], start: f32, f: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [start; 16];
    let (whole, rest) = row.as_chunks::<16>();
    for x in whole {
        for l in 0..16 {
            lanes[l] = f(lanes[l], x[l]);
        }
    }
    for (lane, &x) in lanes.iter_mut().zip(rest) {
        *lane = f(*lane, x);
    }
    lanes.into_iter().fold(start, f)
}

/// The product of two rows.
#[inline(always)]
pub(super) fn dot<I: Isa>(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; 16];
    let (a_whole, a_rest) = a.as_chunks::<16>();
    let (b_whole, b_rest) = b.as_chunks::<16>();
    for (a, b) in a_whole.iter().zip(b_whole) {
        for l in 0..16 {
            lanes[l] = fma::<I>(a[l], b[l], lanes[l]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *lane = fma::<I>(a, b, *lane);
    }
    lanes.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cpu::simd::{Body, every_width};

    #[derive(Clone, Copy)]
    struct Check;

    impl Body for Check {
        #[inline(always)]
        fn run<I: Isa>(self) {
            let mut worst = 0f64;
            for i in -86_000..10_000 {
                let x = i as f32 / 1000.0;
                let want = f64::from(x).exp();
                worst = worst.max((f64::from(exp::<I>(x)) - want).abs() / want);
            }
            assert!(worst < 4e-7, "{worst}");
            assert_eq!(exp::<I>(0.0), 1.0);
            assert_eq!(exp::<I>(f32::NEG_INFINITY), 0.0);
            assert!(exp::<I>(f32::NAN).is_nan());
        }
    }

    #[test]
    fn exp_is_exact_to_a_few_roundings() {
        every_width(Check);
    }
}
