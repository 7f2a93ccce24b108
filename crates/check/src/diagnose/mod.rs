//! What a pattern of wrong elements betrays.
//!
//! Most kernel bugs are one of a dozen, and each leaves its own trace: a transposed index swaps
//! elements across the diagonal, a missing bounds check spares the first tiles, a forgotten factor
//! is the same everywhere. Each function here looks for one trace and knows nothing of the others.

pub mod owner;
pub mod place;
pub mod suspect;
pub(crate) mod text;
pub mod value;

use crate::guard::Breach;
use crate::oracle::index::unravel;
use owner::Owner;
use suspect::Suspect;

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
    /// Results that known mistakes give.
    pub suspects: &'a [Suspect],
    /// A run with another barrier came out right: the line after which it stood, if one was enough.
    pub barrier: Option<Option<u32>>,
}

/// A bug's likely name. `Display` explains it in a sentence or two.
#[derive(Clone, Debug, PartialEq)]
pub enum Diagnosis {
    /// The result is the one that a known mistake gives.
    Suspect {
        /// The mistake's name.
        name: &'static str,
        /// What to say to whoever made it.
        sentence: String,
    },
    /// Guard words around a buffer have changed.
    OutOfBoundsWrite {
        /// The buffer.
        buffer: String,
        /// What was written where.
        breach: Breach,
    },
    /// With another barrier the same launch came out right.
    MissingBarrier {
        /// It stood after this line of the reader's file; `None` if there is no one line to name.
        line: Option<u32>,
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
            Self::Suspect { name, .. } => name,
            Self::OutOfBoundsWrite { .. } => "out-of-bounds-write",
            Self::MissingBarrier { .. } => "missing-barrier",
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
    /// Whether it is read off the pattern of wrong elements. Facts and suspects are not.
    pub(crate) fn is_guess(&self) -> bool {
        !matches!(
            self,
            Self::Suspect { .. }
                | Self::OutOfBoundsWrite { .. }
                | Self::MissingBarrier { .. }
                | Self::DiffersBetweenRuns { .. }
                | Self::Unwritten { .. }
        )
    }
}

/// Everything the evidence speaks for, the most telling first.
///
/// A suspect that gives just this result comes first. Facts (guard words, a barrier that helps, a
/// second run, poison) are always reported. Where elements are wrong may be reported beside what is
/// wrong with them, but only one explanation of each kind is given, and none beside a suspect or a
/// missing barrier.
pub fn diagnose(evidence: &Evidence<'_>) -> Vec<Diagnosis> {
    let facts = breaches(evidence.breaches)
        .chain(evidence.barrier.map(|line| Diagnosis::MissingBarrier { line }))
        .chain(place::differs_between_runs(evidence))
        .chain(place::unwritten(evidence));
    let mut found: Vec<Diagnosis> = suspect::convict(evidence).into_iter().chain(facts).collect();

    let settled =
        |d: &Diagnosis| matches!(d, Diagnosis::Suspect { .. } | Diagnosis::MissingBarrier { .. });
    if evidence.failing.is_empty() || found.iter().any(settled) {
        return found;
    }
    let places = [place::first_workgroup_only, place::tail_missing];
    let values = [
        value::missing_max_subtraction,
        value::non_finite,
        value::transposed,
        value::shifted,
        value::forgotten_scale,
        value::zero,
    ];
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
        suspects: &[],
        barrier: None,
    })
}
