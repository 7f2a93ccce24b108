//! What a comparison says when it fails.
//!
//! A test that says `assertion failed` sends its reader to a debugger. This one says which
//! elements are wrong, who wrote them, what that pattern usually means, and where to read on.

use crate::diagnose::Diagnosis;
use std::fmt;

pub use crate::check::Check;
pub use crate::diagnose::owner::Owner;
pub use crate::element::Element;

/// Why a check failed. Displays as several lines for a person; [`Details`] has it for a program.
#[derive(Clone, PartialEq)]
pub struct Report(pub(crate) Box<Details>);

impl Report {
    /// With what was found out later, by an experiment say. It comes first, and what was guessed
    /// from the pattern of wrong elements goes; facts and suspects stay.
    #[must_use]
    pub fn with(mut self, diagnosis: Diagnosis) -> Self {
        self.0.diagnoses.retain(|known| !known.is_guess());
        self.0.diagnoses.insert(0, diagnosis);
        self
    }
}

/// Everything a [`Report`] knows.
#[derive(Clone, Debug, PartialEq)]
pub struct Details {
    /// The operation.
    pub op: String,
    /// The rung of its ladder.
    pub rung: String,
    /// The device it ran on.
    pub device: String,
    /// Names and shapes of the inputs.
    pub inputs: Vec<(String, Vec<usize>)>,
    /// Name and shape of the output.
    pub output: Option<(String, Vec<usize>)>,
    /// How many elements the oracle gave.
    pub total: usize,
    /// How many of them are out of tolerance.
    pub differ: usize,
    /// How many elements came back, if not `total`; nothing was compared then.
    pub wrong_length: Option<usize>,
    /// The largest difference that is a number, and where.
    pub largest: Option<(f64, Vec<usize>)>,
    /// The first five wrong elements.
    pub first: Vec<Mismatch>,
    /// What the pattern betrays, the most telling first.
    pub diagnoses: Vec<Diagnosis>,
    /// The page of the book.
    pub page: Option<String>,
}

/// One wrong element.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// Where it stands.
    pub index: Vec<usize>,
    /// What came back.
    pub got: f64,
    /// What the oracle says.
    pub want: f64,
    /// The largest difference allowed.
    pub tolerance: f64,
    /// It still holds the poison from before the launch.
    pub unwritten: bool,
    /// Who should have written it.
    pub owner: Option<Owner>,
}

impl std::ops::Deref for Report {
    type Target = Details;
    fn deref(&self) -> &Details {
        &self.0
    }
}

impl std::error::Error for Report {}

/// The same as `Display`: `unwrap` and `main` print errors this way.
impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::diagnose::text::write(f, self)
    }
}
