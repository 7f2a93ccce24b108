/// tanh GELU (Hendrycks and Gimpel, 2016) without branches or calls, so that the compiler turns a
/// loop over it into vectors: `x/2·(1 + tanh u)` is `x·σ(2u)`, and the sigmoid needs only `e^-2u`.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    let u = SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x);
    let y = x / (1.0 + exp(-2.0 * u));
    // Of -infinity too, where the quotient is none.
    if u < -44.0 { 0.0 } else { y }
}

/// `e^x` to about 2 units in the last place: `2^i · e^r` with i whole and |r| ≤ ln 2 / 2, the second
/// factor from its Taylor polynomial.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // ln 2 in two parts, the first with room for the product to be exact (Cody and Waite, 1980).
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Adding 1.5·2^23 rounds to a whole number, which then stands in the lowest bits: no bits are
    // left for a fraction.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let i = shifted - ROUND;
    let r = x - i * LN_2[0] - i * LN_2[1];
    let mut y = 1.0 / 5040.0;
    for c in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        y = y * r + c;
    }
    // i + 127 moved into the exponent's place is 2^i.
    y * f32::from_bits(shifted.to_bits().wrapping_add(127) << 23)
}

#[cfg(test)]
mod tests {
    use super::gelu;

    #[test]
    fn agrees_with_the_definition() {
        for i in -2000..=2000 {
            let x = f64::from(i) * 0.01;
            let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
            let want = 0.5 * x * (1.0 + u.tanh());
            let got = f64::from(gelu(x as f32));
            assert!((got - want).abs() <= 1e-6 * x.abs().max(1e-3), "{x}: {got} != {want}");
        }
        assert!(gelu(f32::NAN).is_nan());
        assert_eq!(gelu(0.0), 0.0);
        assert_eq!(gelu(1e30), 1e30);
        assert_eq!([gelu(f32::MIN), gelu(f32::NEG_INFINITY)], [0.0, 0.0]);
    }
}
