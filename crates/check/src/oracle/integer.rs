//! Functions of two integers of 32 bits, with or without a sign, which wrap around.
//!
//! A quotient is truncated towards 0. What has none follows WGSL: `x / 0` is `x`, the least number over -1
//! is itself, and neither leaves a remainder.

/// What 32 bits keep of a number.
pub fn wrap(x: i128, signed: bool) -> i64 {
    let low = x.rem_euclid(1 << 32) as i64;
    if signed && low >= 1 << 31 { low - (1 << 32) } else { low }
}

/// `a + b`
pub fn add(a: i64, b: i64, signed: bool) -> i64 {
    wrap(i128::from(a) + i128::from(b), signed)
}

/// `a - b`
pub fn sub(a: i64, b: i64, signed: bool) -> i64 {
    wrap(i128::from(a) - i128::from(b), signed)
}

/// `a * b`
pub fn mul(a: i64, b: i64, signed: bool) -> i64 {
    wrap(i128::from(a) * i128::from(b), signed)
}

/// `a / b`
pub fn div(a: i64, b: i64, signed: bool) -> i64 {
    if b == 0 { a } else { wrap(i128::from(a / b), signed) }
}

/// What `a / b` leaves, with the sign of `a`.
pub fn rem(a: i64, b: i64, _: bool) -> i64 {
    if b == 0 { 0 } else { a % b }
}
