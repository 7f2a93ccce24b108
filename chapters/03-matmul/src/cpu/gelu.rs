use strata_lanes::exp;

/// tanh GELU (Hendrycks and Gimpel, 2016) without branches or calls, so that the compiler turns a
/// loop over it into vectors: `x/2·(1 + tanh u)` is `x·σ(2u)`, and the sigmoid needs only `e^-2u`.
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    const SQRT_2_OVER_PI: f32 = 0.797_884_6;
    let u = SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x);
    let y = x / (1.0 + exp::<false>(-2.0 * u));
    // Of -infinity too, where the quotient is none.
    if u < -44.0 { 0.0 } else { y }
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
