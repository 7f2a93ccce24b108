//! JavaScript has one kind of number; here it becomes sizes, places and seeds, or an error.
use crate::Result;
use crate::engine::device::DType;

/// The largest integer that a double counts up to without gaps.
const LARGEST: f64 = 9_007_199_254_740_991.0;

/// A number as an integer, if it is one and `T` can hold it.
pub(crate) fn integer<T: TryFrom<i64>>(x: f64) -> Option<T> {
    if x.abs() > LARGEST || x.fract() != 0.0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "whole, and no larger than `LARGEST`")]
    T::try_from(x as i64).ok()
}

/// A number of the engine's, which are of 32 bits: rounded as `Math.fround` does, and infinite where
/// that is.
#[expect(clippy::cast_possible_truncation, reason = "rounds, and at worst to an infinity")]
pub(crate) fn single(x: f64) -> f32 {
    x as f32
}

/// A learning rate.
pub(crate) fn rate(op: &str, lr: f64) -> Result<f32> {
    let rate = single(lr);
    if rate.is_finite() && rate >= 0.0 {
        return Ok(rate);
    }
    Err(error!("value", op, "the learning rate is {lr:?}; it must lie between 0 and 3.4e38"))
}

/// A whole number of at least 0.
pub(crate) fn whole(op: &str, name: &str, x: f64) -> Result<usize> {
    let wrong = || error!("argument", op, "{name} must be a whole number of at least 0, not {x}");
    integer(x).ok_or_else(wrong)
}

/// A shape.
pub(crate) fn shape(op: &str, dims: &[f64]) -> Result<Vec<usize>> {
    match dims.iter().find(|&&x| integer::<usize>(x).is_none()) {
        None => dims.iter().map(|&x| whole(op, "a dimension", x)).collect(),
        Some(bad) => {
            let all: Vec<String> = dims.iter().map(f64::to_string).collect();
            let (all, must) = (all.join(", "), "a dimension is a whole number of at least 0");
            Err(error!("shape", op, "{must}, not {bad} (shape [{all}])"))
        }
    }
}

/// Dimensions to work on.
pub(crate) fn dims(op: &str, dims: &[f64]) -> Result<Vec<usize>> {
    dims.iter().map(|&d| whole(op, "a dimension", d)).collect()
}

/// A dtype by its place in `DTYPES`.
pub(crate) fn dtype(op: &str, code: u32) -> Result<DType> {
    let found = DType::ALL.into_iter().find(|d| d.code() == code);
    found.ok_or_else(|| error!("dtype", op, "there is no dtype {code}"))
}
