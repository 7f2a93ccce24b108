//! Numbers that are the same up to rounding.

use std::fmt;

/// Equal to another one within ten parts in a million, or as much near 0; NaN to nothing.
#[derive(Clone, Copy)]
pub(super) struct Near(pub f64);

impl PartialEq for Near {
    fn eq(&self, other: &Near) -> bool {
        let size = self.0.abs().max(other.0.abs()).max(1.0);
        self.0 == other.0 || (size.is_finite() && (self.0 - other.0).abs() <= 1e-5 * size)
    }
}

/// At most six digits behind the point, and no more than there are.
impl fmt::Debug for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounded = (self.0 * 1e6).round() / 1e6;
        // A tiny number that is not 0 should not look like it.
        let shown = if rounded == 0.0 { self.0 } else { rounded };
        if shown.is_finite() && shown != 0.0 && !(1e-6..1e9).contains(&shown.abs()) {
            return write!(f, "{shown:.3e}");
        }
        // Adding 0 makes a 0 of -0.
        write!(f, "{}", shown + 0.0)
    }
}

/// A list of them.
pub(super) fn near(list: &[f64]) -> Vec<Near> {
    list.iter().map(|&x| Near(x)).collect()
}

#[cfg(test)]
mod tests {
    use super::Near;

    #[test]
    fn as_near_as_rounding_leaves_it_and_readable() {
        assert_eq!(Near(0.1 + 0.2), Near(0.3));
        assert_eq!(Near(1e20), Near(1e20 + 1e13));
        assert_ne!(Near(1.0), Near(1.0001));
        assert_ne!(Near(f64::NAN), Near(f64::NAN));
        assert_eq!(Near(f64::INFINITY), Near(f64::INFINITY));
        assert_ne!(Near(f64::INFINITY), Near(1.0));
        let shown = [0.3 - 0.1, -0.0, 3e-9, 2e12, 1234.5].map(|x| format!("{:?}", Near(x)));
        assert_eq!(shown, ["0.2", "0", "3.000e-9", "2.000e12", "1234.5"]);
    }
}
