//! What a pattern of wrong elements betrays.
//!
//! Most kernel bugs are one of a dozen, and each leaves its own trace: a transposed index swaps
//! elements across the diagonal, a missing bounds check spares the first tiles, a forgotten factor
//! is the same everywhere. Each function here looks for one trace and knows nothing of the others.

pub mod owner;
pub mod place;
pub(crate) mod text;
pub mod value;

use crate::guard::Breach;
use crate::oracle::index::unravel;
use owner::Owner;

/// What there is to judge from.
pub struct Evidence<'a> {
    /// The operation.
    pub op: &'a str,
    /// What came back.
    pub got: &'a [f64],
    /// What the oracle says; as long as `got`.
    pub want: &'a [f64],
    /// Flat indices of the elements out of tolerance, ascending.
    pub failing: &'a [usize],
    /// Those of them that still hold the poison.
    pub poisoned: &'a [usize],
    /// Flat indices of the elements that came out differently in a second run.
    pub unstable: &'a [usize],
    /// The output's shape.
    pub shape: &'a [usize],
    /// Every length that occurs in the shapes of inputs and output.
    pub sizes: &'a [usize],
    /// Who writes what, if known.
    pub owner: Option<&'a (dyn Fn(usize) -> Owner + 'a)>,
    /// Buffers whose guard words have changed.
    pub breaches: &'a [(String, Breach)],
}

/// A bug's likely name. `Display` explains it in a sentence or two.
#[derive(Clone, Debug, PartialEq)]
pub enum Diagnosis {
    /// Guard words around a buffer have changed.
    OutOfBoundsWrite {
        /// The buffer.
        buffer: String,
        /// What was written where.
        breach: Breach,
    },
    /// Two runs of the same launch gave different results.
    DiffersBetweenRuns {
        /// In how many elements.
        count: usize,
        /// Where first.
        first: Vec<usize>,
    },
    /// Elements still hold the poison from before the launch.
    Unwritten {
        /// How many.
        count: usize,
        /// Of how many.
        total: usize,
        /// The first of them.
        first: Vec<usize>,
    },
    /// The first workgroup's elements are right, all others are wrong.
    FirstWorkgroupOnly {
        /// How many elements it got right.
        right: usize,
    },
    /// The wrong elements are the far end of one axis.
    TailMissing {
        /// The axis.
        axis: usize,
        /// The first wrong position on it.
        from: usize,
        /// Its length.
        len: usize,
    },
    /// Whole rows of a softmax are NaN or infinite: an exponential overflowed.
    MissingMaxSubtraction {
        /// How many rows.
        rows: usize,
        /// The first of them, as a flat row number.
        first: usize,
    },
    /// NaN or infinity where a number is wanted.
    NonFinite {
        /// In how many elements.
        count: usize,
    },
    /// Rows and columns are exchanged.
    Transposed,
    /// Every element holds its neighbour's value.
    Shifted {
        /// `got[i]` is `want[i + by]`.
        by: isize,
    },
    /// Every element is the wanted one times the same factor.
    ForgottenScale {
        /// `got / want`.
        ratio: f64,
        /// What that factor is, if it can be told from the shapes.
        meaning: Option<String>,
    },
    /// Every wrong element is exactly 0.
    Zero,
    /// The errors are of the size that a narrower format makes.
    LowPrecision {
        /// Length of the difference over length of the wanted result.
        relative: f64,
        /// The format all results are exactly representable in, if there is one.
        format: Option<&'static str>,
    },
}

impl Diagnosis {
    /// A short, stable name, for programs and for exercises that expect a certain diagnosis.
    pub fn name(&self) -> &'static str {
        match self {
            Self::OutOfBoundsWrite { .. } => "out-of-bounds-write",
            Self::DiffersBetweenRuns { .. } => "differs-between-runs",
            Self::Unwritten { .. } => "unwritten",
            Self::FirstWorkgroupOnly { .. } => "first-workgroup-only",
            Self::TailMissing { .. } => "tail-missing",
            Self::MissingMaxSubtraction { .. } => "missing-max-subtraction",
            Self::NonFinite { .. } => "non-finite",
            Self::Transposed => "transposed",
            Self::Shifted { .. } => "shifted",
            Self::ForgottenScale { .. } => "forgotten-scale",
            Self::Zero => "zero",
            Self::LowPrecision { .. } => "low-precision",
        }
    }
}

/// Everything the evidence speaks for, the most telling first.
///
/// Facts (guard words, a second run, poison) are always reported. Where elements are wrong may be
/// reported beside what is wrong with them, but only one explanation of each kind is given.
pub fn diagnose(evidence: &Evidence<'_>) -> Vec<Diagnosis> {
    let facts = breaches(evidence.breaches)
        .chain(place::differs_between_runs(evidence))
        .chain(place::unwritten(evidence));
    let mut found: Vec<Diagnosis> = facts.collect();

    let places = [place::first_workgroup_only, place::tail_missing];
    let values = [
        value::missing_max_subtraction,
        value::non_finite,
        value::transposed,
        value::shifted,
        value::forgotten_scale,
        value::zero,
    ];
    if evidence.failing.is_empty() {
        return found;
    }
    // A result that depends on luck, or was never computed, has no values worth explaining.
    if found.iter().all(|d| matches!(d, Diagnosis::OutOfBoundsWrite { .. })) {
        found.extend(values.iter().find_map(|look| look(evidence)));
    }
    let explained = |d: &Diagnosis| {
        use Diagnosis::*;
        matches!(
            d,
            Transposed | Shifted { .. } | ForgottenScale { .. } | MissingMaxSubtraction { .. }
        )
    };
    if !found.iter().any(explained) {
        found.extend(places.iter().find_map(|look| look(evidence)));
    }
    if found.is_empty() {
        found.extend(value::low_precision(evidence));
    }
    found
}

/// A diagnosis for each buffer whose guard words have changed.
pub(crate) fn breaches(breaches: &[(String, Breach)]) -> impl Iterator<Item = Diagnosis> {
    breaches.iter().map(|(buffer, breach)| Diagnosis::OutOfBoundsWrite {
        buffer: buffer.clone(),
        breach: breach.clone(),
    })
}

/// The multi-dimensional index of flat position `i`, or `[i]` if it lies outside the shape.
pub(crate) fn index_of(i: usize, shape: &[usize]) -> Vec<usize> {
    if i < shape.iter().product() { unravel(i, shape) } else { vec![i] }
}

/// Evidence about a result without anything known beside it; for the tests of this module.
#[cfg(test)]
pub(crate) fn evidence_for_test<R>(
    got: &[f64],
    want: &[f64],
    shape: &[usize],
    look: impl Fn(&Evidence<'_>) -> R,
) -> R {
    let failing: Vec<usize> = (0..got.len())
        .filter(|&i| !crate::tolerance::within(got[i], want[i], 1e-6 * want[i].abs()))
        .collect();
    look(&Evidence {
        op: "softmax",
        got,
        want,
        failing: &failing,
        poisoned: &[],
        unstable: &[],
        shape,
        sizes: shape,
        owner: None,
        breaches: &[],
    })
}
