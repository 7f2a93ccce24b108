//! The exponential and what is built from it, in a form that a compiler can vectorize.
//!
//! `f32::exp` is a call into the system's library, one number at a time. These lines have no branch
//! and no table, so a loop over them runs on eight numbers at once: about 1 ns for eight instead of
//! 5 ns for one.

const LOG2_E: f32 = std::f32::consts::LOG2_E;
/// ln 2 in two parts (Cody and Waite, 1980). The first has so few digits that `n * LN2_HIGH` is
/// exact for every n that occurs.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;
/// Adding 1.5 * 2^23 leaves a float no room for a fraction: it is rounded to the nearest integer,
/// which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;
/// Below, the result is 0: it would be smaller than the smallest normal float, or nearly.
const LOW: f32 = -87.33;
/// Above, the result is infinite.
const HIGH: f32 = 88.73;

/// `a * b + c`, rounded once if the processor can do that in one instruction.
#[inline(always)]
pub fn fma<const FMA: bool>(a: f32, b: f32, c: f32) -> f32 {
    if FMA { a.mul_add(b, c) } else { a * b + c }
}

/// `e^x` to about one unit in the last place; what is below 2^-125.5 becomes 0. NaN stays NaN.
///
/// `x = n ln 2 + r` with an integer n and |r| <= ln(2)/2, so `e^x = 2^n e^r`. The power of two is
/// written into the exponent's bits; e^r is its Taylor series up to r^7/7!, whose first missing term
/// is below 6e-9.
#[inline(always)]
pub fn exp<const FMA: bool>(x: f32) -> f32 {
    // Comparisons in this form let NaN through.
    let x = if x < LOW { LOW } else { x };
    let x = if x > HIGH { HIGH } else { x };
    let shifted = fma::<FMA>(x, LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = fma::<FMA>(n, -LN2_LOW, fma::<FMA>(n, -LN2_HIGH, x));
    // Twice e^r, for half of 2^n: 2^128 has no float of its own.
    let mut p = fma::<FMA>(r, 2.0 / 5040.0, 2.0 / 720.0);
    p = fma::<FMA>(p, r, 2.0 / 120.0);
    p = fma::<FMA>(p, r, 2.0 / 24.0);
    p = fma::<FMA>(p, r, 2.0 / 6.0);
    p = fma::<FMA>(p, r, 1.0);
    p = fma::<FMA>(p, r, 2.0);
    p = fma::<FMA>(p, r, 2.0);
    // 2^(n-1), written into the exponent; n = -126 gives bits of 0, the number 0.
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(126 << 23));
    p * power
}

/// [`exp`] with gradual underflow: it goes down as far as f32 does, to 2^-149.
#[inline(always)]
pub fn exp_gradual<const FMA: bool>(x: f32) -> f32 {
    // e^x = e^(x + 32) e^-32. From -128 to -64 all floats are equally far apart: x + 32 is exact.
    let (up, down) = if x < -86.9 { (32.0, 1.266_416_6e-14) } else { (0.0, 1.0) };
    exp::<FMA>(x + up) * down
}

/// tanh to about 2 units in the last place: an odd polynomial near 0, where e^2x - 1 would lose all
/// digits, and 1 - 2 / (e^2|x| + 1) elsewhere. The same as `tanh_exact` in shaders/include/math.wgsl.
#[inline(always)]
pub fn tanh<const FMA: bool>(x: f32) -> f32 {
    let z = x * x;
    let mut series = -0.006_045_165;
    for coefficient in [0.020_961_33, -0.053_843_264, 0.133_327_19, -0.333_333_28] {
        series = fma::<FMA>(z, series, coefficient);
    }
    let near = fma::<FMA>(x * z, series, x);
    let far = 1.0 - 2.0 / (exp::<FMA>(2.0 * x.abs()) + 1.0);
    // The sign of x, in the sum of -0 and 0 too.
    (if x.abs() < 0.625 { near } else { far }).copysign(x)
}

/// 1 / (1 + e^-x) without an overflow on either side.
#[inline(always)]
pub fn sigmoid<const FMA: bool>(x: f32) -> f32 {
    let e = exp_gradual::<FMA>(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn within_two_units_in_the_last_place() {
        for i in -860_000..=887_000 {
            let x = i as f32 * 1e-4;
            let want = f64::from(x).exp();
            for got in [exp::<true>(x), exp::<false>(x)] {
                let error = (f64::from(got) - want).abs() / want;
                assert!(error < 1.3e-7, "exp({x}) = {got}, off by {error:e}");
            }
        }
    }

    #[test]
    fn at_the_ends() {
        assert_eq!(exp::<false>(0.0), 1.0);
        assert_eq!(exp::<true>(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp::<true>(-1e30), 0.0);
        assert_eq!(exp::<true>(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp::<false>(89.0), f32::INFINITY);
        assert!(exp::<false>(88.7).is_finite());
        assert!(exp::<true>(f32::NAN).is_nan() && exp::<false>(f32::NAN).is_nan());
    }

    #[test]
    fn what_is_built_from_it_is_good_to_the_last_bits() {
        every_number::<false>();
        every_number::<true>();
    }

    fn every_number<const FMA: bool>() {
        let mut worst = [0f64; 3];
        for i in 0..400_000 {
            let x = (i - 200_000) as f32 * 4.3e-4; // -86 to 86
            let wide = f64::from(x);
            let off = |got: f32, want: f64| {
                (f64::from(got) - want).abs() / want.abs() * f64::from(1 << 24)
            };
            if x != 0.0 {
                worst[0] = worst[0].max(off(exp_gradual::<FMA>(x), wide.exp()));
                worst[1] = worst[1].max(off(tanh::<FMA>(x), wide.tanh()));
                worst[2] = worst[2].max(off(sigmoid::<FMA>(x), 1.0 / (1.0 + (-wide).exp())));
            }
        }
        assert!(worst[0] < 2.5 && worst[1] < 5.0 && worst[2] < 6.0, "{worst:?}");
    }

    #[test]
    fn below_the_smallest_normal_number() {
        // A unit in the last place is 2^-149 there.
        for i in 86_500..104_000 {
            let x = i as f32 * -1e-3;
            let off = (f64::from(exp_gradual::<false>(x)) - f64::from(x).exp()) * 149f64.exp2();
            assert!(off.abs() < 2.5, "exp({x}), off by {off}");
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        let inf = f32::INFINITY;
        let (exp, tanh, sigmoid) = (exp_gradual::<false>, tanh::<false>, sigmoid::<false>);
        assert_eq!(
            [exp(0.0), exp(-inf), exp(inf), exp(-200.0), exp(89.0)],
            [1.0, 0.0, inf, 0.0, inf]
        );
        assert!(
            (exp(88.7) / 3.326e38 - 1.0).abs() < 1e-3
                && (exp(-100.0) / 3.78e-44 - 1.0).abs() < 0.02
        );
        assert_eq!([tanh(0.0), tanh(50.0), tanh(-inf), tanh(1e-30)], [0.0, 1.0, -1.0, 1e-30]);
        assert_eq!([sigmoid(0.0), sigmoid(200.0), sigmoid(-inf)], [0.5, 1.0, 0.0]);
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }
}
