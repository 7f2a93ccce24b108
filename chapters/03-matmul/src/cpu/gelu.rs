use strata_lanes::{Body, exp, fma, widest};

/// -2 sqrt(2/pi): `-2u = x (LINEAR + CUBIC x^2)`.
const LINEAR: f32 = -1.595_769;
const CUBIC: f32 = LINEAR * 0.044_715;
/// Beyond this power of e gelu is 0; of -infinity too, where the quotient is none.
const FAR: f32 = 88.7;

/// tanh GELU (Hendrycks and Gimpel, 2016) of a row's piece, as chapter 4 computes it: `x/2·(1 + tanh u)`
/// is `x·σ(2u)`, and the sigmoid needs only `e^-2u`. No branches and no calls, so that it becomes vectors.
pub(super) fn gelu(x: &[f32], out: &mut [f32]) {
    widest(Gelu { x, out });
}

struct Gelu<'a> {
    x: &'a [f32],
    out: &'a mut [f32],
}

impl Body for Gelu<'_> {
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

#[cfg(test)]
mod tests {
    fn gelu(x: f32) -> f32 {
        let mut out = [0.0];
        super::gelu(&[x], &mut out);
        out[0]
    }

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
