//! e^x and what is built from it, written so that the compiler makes vectors of them: no branches,
//! no tables, no calls. The library's `expf` takes one number at a time.

/// e^x to about 1 unit in the last place.
///
/// x = n ln 2 + r with |r| <= ln 2 / 2, so e^x = 2^n e^r: the power of two is written into the
/// exponent's bits, and a few terms of the series do for e^r (Cody and Waite, "Software Manual for the
/// Elementary Functions", 1980).
pub(super) fn exp(x: f32) -> f32 {
    // Beyond these bounds the answer is 0 or infinity; NaN passes.
    let x = x.clamp(-110.0, 90.0);
    // Adding 1.5 * 2^23 leaves no bits for a fraction: the sum is rounded to a whole number, which
    // stands in its lowest bits.
    const SHIFT: f32 = 12_582_912.0;
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    // ln 2 in two parts, the first with so few bits that its product with n is exact.
    let r = (x - n * (355.0 / 512.0)) + n * 2.121_944_4e-4;
    let series = 1.0 / 720.0 + r * (1.0 / 5040.0);
    let series = 1.0 / 24.0 + r * (1.0 / 120.0 + r * series);
    let series = 1.0 + r * (1.0 + r * (0.5 + r * (1.0 / 6.0 + r * series)));
    // 2^n in two steps: 2^128 and 2^-149 have no bits of their own.
    let n = shifted.to_bits().wrapping_sub(SHIFT.to_bits()) as i32;
    let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
    series * power(n >> 1) * power(n - (n >> 1))
}

/// tanh to about 2 units in the last place: an odd polynomial near 0, where e^2x - 1 would lose all
/// digits, and 1 - 2 / (e^2|x| + 1) elsewhere. The same as `tanh_exact` in shaders/include/math.wgsl.
pub(super) fn tanh(x: f32) -> f32 {
    let z = x * x;
    let series = 0.020_961_33 + z * -0.006_045_165;
    let series = -0.333_333_28 + z * (0.133_327_19 + z * (-0.053_843_264 + z * series));
    let near = x + x * z * series;
    let far = 1.0 - 2.0 / (exp(2.0 * x.abs()) + 1.0);
    // The sign of x, in the sum of -0 and 0 too.
    (if x.abs() < 0.625 { near } else { far }).copysign(x)
}

/// 1 / (1 + e^-x) without an overflow on either side.
pub(super) fn sigmoid(x: f32) -> f32 {
    let e = exp(-x.abs());
    (if x < 0.0 { e } else { 1.0 }) / (1.0 + e)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exponent_is_good_to_the_last_bits() {
        let mut worst = [0f64; 3];
        for i in 0..400_000 {
            let x = (i - 200_000) as f32 * 4.3e-4; // -86 to 86
            let wide = f64::from(x);
            let off = |got: f32, want: f64| {
                (f64::from(got) - want).abs() / want.abs() * f64::from(1 << 24)
            };
            if x != 0.0 {
                worst[0] = worst[0].max(off(exp(x), wide.exp()));
                worst[1] = worst[1].max(off(tanh(x), wide.tanh()));
                worst[2] = worst[2].max(off(sigmoid(x), 1.0 / (1.0 + (-wide).exp())));
            }
        }
        assert!(worst[0] < 2.5 && worst[1] < 5.0 && worst[2] < 6.0, "{worst:?}");
    }

    #[test]
    fn the_ends_of_the_range() {
        let inf = f32::INFINITY;
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
