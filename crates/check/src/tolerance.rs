//! How far an answer may be from the oracle.
//!
//! A tolerance that is too wide hides bugs, one that is too narrow cries wolf. These are derived
//! rather than tuned:
//!
//! - A sum of K products in f32 carries K rounding errors of relative size 2^-24, each against a
//!   partial sum no larger than `sum |a b|`. As a random walk they add up to about sqrt(K) of
//!   them; twice that, and 8 for short sums, is the bound: `2 (sqrt(K) + 8) 2^-24 sum |a b|`.
//! - A value computed element by element has a relative error: `atol + rtol |want|`.
//! - Where a kernel works in bf16, f16 or tf32, the oracle rounded at the same places shows what
//!   error that must cost; the kernel may make twice of it, beside what it may make in f32.
//! - Tensors that went through many layers are judged as a whole: `max |got - want|` against
//!   `max |want|`.
//!
//! NaN never passes, whatever was wanted. An infinity passes only where the same is wanted, or
//! where f32 has no other name for what is wanted.

use crate::round::Precision;

/// A rule of agreement.
#[derive(Clone, Debug, PartialEq)]
pub enum Tolerance {
    /// Equal. For copies, permutations, gathers, integers.
    Exact,
    /// `|got - want| <= atol + rtol |want|`
    Close {
        /// Absolute part.
        atol: f64,
        /// Relative part.
        rtol: f64,
    },
    /// `|got - want| <= 2 (sqrt(terms) + 8) 2^-24 magnitude`, for sums accumulated in f32.
    Sum {
        /// How many terms were added up for each element.
        terms: usize,
        /// For each element, the sum of the absolute values of its terms.
        magnitudes: Vec<f64>,
    },
    /// `|got - want| <= 2 max |rounded - want|`, for low-precision kernels.
    Rounded {
        /// The oracle's answer with its values rounded where the kernel rounds them.
        rounded: Vec<f64>,
    },
    /// What the rule for f32 allows, and `2 max |rounded - want|` beside it.
    RoundedToo {
        /// The rule for a kernel that rounds nothing.
        exact: Box<Tolerance>,
        /// The oracle's answer with its values rounded where the kernel rounds them.
        rounded: Vec<f64>,
    },
    /// `max |got - want| <= share * max |want|`, the tensor as a whole.
    Whole {
        /// The share of the largest reference value.
        share: f64,
    },
}

/// The unit roundoff of f32.
const EPSILON: f64 = 1.0 / (1u32 << 24) as f64;
/// The smallest normal f32: devices may flush what is smaller to zero.
const SMALLEST: f64 = f32::MIN_POSITIVE as f64;

impl Tolerance {
    /// [`Tolerance::Close`].
    pub fn close(atol: f64, rtol: f64) -> Self {
        Self::Close { atol, rtol }
    }

    /// [`Tolerance::Sum`] of `terms` terms; `magnitudes` come from the oracle.
    pub fn sum(terms: usize, magnitudes: Vec<f64>) -> Self {
        Self::Sum { terms, magnitudes }
    }

    /// [`Tolerance::Rounded`].
    pub fn rounded(rounded: Vec<f64>) -> Self {
        Self::Rounded { rounded }
    }

    /// [`Tolerance::RoundedToo`], of this rule.
    pub fn and_rounded(self, rounded: Vec<f64>) -> Self {
        Self::RoundedToo { exact: Box::new(self), rounded }
    }

    /// The rule for the same answer kept in a narrower format: what is rounded on the way to `want` is
    /// rounded once more at its end.
    pub fn kept(self, format: Precision, want: &[f64]) -> Self {
        match self {
            Self::Rounded { rounded } => Self::rounded(format.round_all(&rounded)),
            Self::RoundedToo { exact, rounded } => exact.and_rounded(format.round_all(&rounded)),
            exact => exact.and_rounded(format.round_all(want)),
        }
    }

    /// [`Tolerance::Whole`].
    pub fn whole(share: f64) -> Self {
        Self::Whole { share }
    }

    /// The largest difference allowed at each element of `want`.
    pub fn bounds(&self, want: &[f64]) -> Vec<f64> {
        match self {
            Self::Exact => vec![0.0; want.len()],
            Self::Close { atol, rtol } => {
                want.iter().map(|want| atol + rtol * want.abs()).collect()
            }
            Self::Sum { terms, magnitudes } => {
                let factor = 2.0 * ((*terms as f64).sqrt() + 8.0) * EPSILON;
                // A missing magnitude counts as 0: it makes the rule stricter, never laxer.
                let magnitude = |i| magnitudes.get(i).copied().unwrap_or(0.0);
                (0..want.len()).map(|i| factor * magnitude(i) + SMALLEST).collect()
            }
            Self::RoundedToo { exact, rounded } => {
                let more = 2.0 * cost(rounded, want);
                exact.bounds(want).iter().map(|bound| bound + more).collect()
            }
            Self::Rounded { rounded } => {
                let error = cost(rounded, want);
                // Where the rounded oracle happens to be exact, f32 accumulation still is not.
                let bound = (2.0 * error).max(8.0 * EPSILON * largest(want.iter().copied()));
                vec![bound; want.len()]
            }
            Self::Whole { share } => vec![share * largest(want.iter().copied()); want.len()],
        }
    }

    /// What element `i` is compared with: `want`, except where rounding turns it into an infinity.
    pub(crate) fn target(&self, i: usize, want: f64) -> f64 {
        match self {
            Self::Rounded { rounded } | Self::RoundedToo { rounded, .. } => match rounded.get(i) {
                Some(rounded) if rounded.is_infinite() => *rounded,
                _ => want,
            },
            _ => want,
        }
    }
}

/// The largest error that rounding makes.
fn cost(rounded: &[f64], want: &[f64]) -> f64 {
    largest(rounded.iter().zip(want).map(|(rounded, want)| rounded - want))
}

/// The largest finite absolute value, 0 if there is none.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.map(f64::abs).filter(|value| value.is_finite()).fold(0.0, f64::max)
}

/// Whether `got` is within `bound` of `want`.
pub fn within(got: f64, want: f64, bound: f64) -> bool {
    if got.is_nan() || want.is_nan() {
        return false;
    }
    if got == want {
        return true;
    }
    if got.is_infinite() || want.is_infinite() {
        // Nothing but the same infinity, unless `want` is too large for an f32.
        return got == f64::from(want as f32);
    }
    (got - want).abs() <= bound
}

/// The largest share of its tolerance that any element uses: 1 is the limit, 0 means equal
/// everywhere, NaN or infinity that the comparison fails beyond measure. For tables of how good a
/// passing kernel is.
pub fn share_used(got: &[f64], want: &[f64], tolerance: &Tolerance) -> f64 {
    let bounds = tolerance.bounds(want);
    let mut largest = 0.0;
    for i in 0..want.len().min(got.len()) {
        let target = tolerance.target(i, want[i]);
        // Also where both are the same infinity, whose difference would be NaN.
        if got[i] != target {
            let share = (got[i] - target).abs() / bounds[i];
            if share.is_nan() || share > largest {
                largest = share;
            }
        }
        if largest.is_nan() {
            break;
        }
    }
    largest
}
