//! How a Rust function is judged: exact answers by [`expect`], numbers by `strata_check::Check`.

use crate::{Failure, Outcome};
use std::fmt::Debug;

/// What comes out of a mistake that people make.
#[derive(Clone, Debug)]
pub struct Suspect<T> {
    /// Its name, as `wrong/` expects it.
    pub name: &'static str,
    /// What to say.
    pub sentence: &'static str,
    /// The result it gives.
    pub gives: T,
}

/// A [`Suspect`].
pub fn suspect<T>(name: &'static str, sentence: &'static str, gives: T) -> Suspect<T> {
    Suspect { name, sentence, gives }
}

/// Wants exactly this answer of a call, which is written as a reader would type it.
///
/// # Errors
/// Another answer came; a suspect that gives the same is named.
pub fn expect<T: PartialEq + Debug>(
    call: &str,
    got: T,
    want: T,
    suspects: &[Suspect<T>],
) -> Outcome {
    if got == want {
        return Ok(());
    }
    let suspect = suspects.iter().find(|s| s.gives == got);
    let mut text = format!("{call}\n  got        {got:?}\n  want       {want:?}\n");
    if let Some(suspect) = suspect {
        text += &format!("  diagnosis  {}\n", suspect.sentence);
    }
    Err(Failure::Named { name: suspect.map_or("differs", |s| s.name), text })
}

/// Wants a condition to hold; the sentence says what is wrong where it does not.
///
/// # Errors
/// It does not hold.
pub fn require(holds: bool, name: &'static str, sentence: impl Into<String>) -> Outcome {
    if holds { Ok(()) } else { Err(Failure::Named { name, text: sentence.into() }) }
}
