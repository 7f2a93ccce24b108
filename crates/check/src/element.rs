//! The number types that results come back in.

use crate::guard::is_poison;

/// A number a device can give back.
pub trait Element: Copy {
    /// Its value.
    fn value(self) -> f64;
    /// Whether it is the poison an output holds before the launch.
    fn is_poison(self) -> bool;
}

impl Element for f32 {
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn is_poison(self) -> bool {
        is_poison(self.to_bits())
    }
}

impl Element for f64 {
    fn value(self) -> f64 {
        self
    }
    fn is_poison(self) -> bool {
        self.is_nan() && is_poison((self as f32).to_bits())
    }
}

impl Element for i32 {
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn is_poison(self) -> bool {
        is_poison(self as u32)
    }
}

impl Element for u32 {
    fn value(self) -> f64 {
        f64::from(self)
    }
    fn is_poison(self) -> bool {
        is_poison(self)
    }
}
