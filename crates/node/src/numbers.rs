//! JavaScript has one kind of number; here it becomes sizes, places and seeds, or an error.
use crate::failure::{Failure, Outcome};
use strata_ml::device::DType;

/// The largest integer that a double counts up to without gaps.
const LARGEST: f64 = 9_007_199_254_740_991.0;

fn counts(x: f64) -> bool {
    (0.0..=LARGEST).contains(&x) && x.fract() == 0.0
}

/// A whole number of at least 0.
pub(crate) fn whole(op: &str, name: &str, x: f64) -> Outcome<usize> {
    if counts(x)
        && let Ok(n) = usize::try_from(x as u64)
    {
        return Ok(n);
    }
    let message = format!("{op}: {name} must be a whole number of at least 0, not {x}");
    Err(Failure::new("argument", op, message))
}

/// A shape.
pub(crate) fn shape(op: &str, dims: &[f64]) -> Outcome<Vec<usize>> {
    match dims.iter().find(|&&x| !counts(x)) {
        None => dims.iter().map(|&x| whole(op, "a dimension", x)).collect(),
        Some(bad) => {
            let all: Vec<String> = dims.iter().map(f64::to_string).collect();
            let message = format!(
                "{op}: a dimension is a whole number of at least 0, not {bad} (shape [{}])",
                all.join(", ")
            );
            Err(Failure::new("shape", op, message))
        }
    }
}

/// Dimensions to work on.
pub(crate) fn dims(op: &str, dims: &[f64]) -> Outcome<Vec<usize>> {
    dims.iter().map(|&d| whole(op, "a dimension", d)).collect()
}

/// A dtype by its place in `DTYPES`.
pub(crate) fn dtype(op: &str, code: u32) -> Outcome<DType> {
    let found = DType::ALL.into_iter().find(|d| d.code() == code);
    found.ok_or_else(|| Failure::new("dtype", op, format!("{op}: there is no dtype {code}")))
}
