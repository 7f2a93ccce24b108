//! Rounding to the number formats of GPUs, so that an oracle can round where a kernel does.

/// A binary floating-point format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// IEEE single: 24 significant bits.
    F32,
    /// The tensor cores' input format: f32's range, 11 significant bits.
    Tf32,
    /// IEEE half: 11 significant bits, largest number 65504.
    F16,
    /// The upper half of an f32: 8 significant bits.
    Bf16,
}

impl Precision {
    /// Significant bits, the implicit one included.
    pub fn significant_bits(self) -> i32 {
        match self {
            Self::F32 => 24,
            Self::Tf32 | Self::F16 => 11,
            Self::Bf16 => 8,
        }
    }

    /// Exponents of the smallest and the largest normal number.
    fn exponents(self) -> (i32, i32) {
        match self {
            Self::F16 => (-14, 15),
            Self::F32 | Self::Tf32 | Self::Bf16 => (-126, 127),
        }
    }

    /// Half the distance between 1 and the next number: the largest relative error of rounding.
    pub fn unit_roundoff(self) -> f64 {
        (-f64::from(self.significant_bits())).exp2()
    }

    /// The number of this format nearest to `x`, ties to even. Beyond the range it is an infinity;
    /// below it, subnormal numbers are kept.
    pub fn round(self, x: f64) -> f64 {
        if x == 0.0 || !x.is_finite() {
            return x;
        }
        let (smallest, largest) = self.exponents();
        let bits = self.significant_bits();
        // The exponent of x as float64 stores it (float64's own subnormals round to zero anyway).
        let exponent = ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023;
        let spacing = f64::from(exponent.max(smallest) - bits + 1).exp2();
        let rounded = (x / spacing).round_ties_even() * spacing;
        let limit = f64::from(largest + 1).exp2();
        if rounded.abs() >= limit { f64::INFINITY.copysign(x) } else { rounded }
    }

    /// [`round`](Self::round), elementwise.
    pub fn round_all(self, x: &[f64]) -> Vec<f64> {
        x.iter().map(|&x| self.round(x)).collect()
    }

    /// Whether the format can hold `x` exactly.
    pub fn holds(self, x: f64) -> bool {
        self.round(x) == x
    }

    /// The name used in reports: `f32`, `tf32`, `f16`, `bf16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::Tf32 => "tf32",
            Self::F16 => "f16",
            Self::Bf16 => "bf16",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Precision::*;

    #[test]
    fn f32_agrees_with_the_hardware() {
        for x in [
            1.0,
            0.1,
            -1.0 / 3.0,
            16_777_217.0,
            3.4e38,
            1e39,
            -1e-40,
            1e-46,
            1.17e-38,
            f64::from(f32::MAX),
        ] {
            assert_eq!(F32.round(x), f64::from(x as f32), "{x}");
        }
    }

    #[test]
    fn bf16_and_f16_known_values() {
        assert_eq!(Bf16.round(1.0 + 1.0 / 256.0), 1.0); // a tie, to even
        assert_eq!(Bf16.round(1.0 + 3.0 / 256.0), 1.0 + 4.0 / 256.0); // a tie, to even
        assert_eq!(F16.round(65504.0), 65504.0);
        assert_eq!(F16.round(65519.9), 65504.0);
        assert_eq!(F16.round(65520.0), f64::INFINITY);
        assert_eq!(F16.round(-1e9), f64::NEG_INFINITY);
        assert_eq!(F16.round(2f64.powi(-24)), 2f64.powi(-24)); // the smallest subnormal
        assert_eq!(F16.round(2f64.powi(-26)), 0.0);
        assert_eq!(Tf32.round(1.0 + 2f64.powi(-10)), 1.0 + 2f64.powi(-10));
        assert_eq!(Tf32.round(1.0 + 2f64.powi(-11)), 1.0);
        assert!(F16.round(f64::NAN).is_nan());
    }
}
