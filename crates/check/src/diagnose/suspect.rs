//! Diagnoses by comparison: the result is not the wanted one, but one that a known mistake gives.

use super::value::{alike, scale};
use super::{Diagnosis, Evidence};

/// What comes out of a mistake that people make.
#[derive(Clone, Debug, PartialEq)]
pub struct Suspect {
    /// The mistake's short, stable name.
    pub name: &'static str,
    /// What to say to whoever made it.
    pub sentence: String,
    /// The result it gives, as long as the wanted one.
    pub values: Vec<f64>,
}

/// The first suspect that gives what came back, everywhere.
///
/// A suspect that cannot be told from the wanted result is passed over. So are all of them if an
/// element was never written: every mistake named here is one of a kernel that fills its output.
pub fn convict(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    if evidence.failing.is_empty() || !evidence.poisoned.is_empty() {
        return None;
    }
    let guilty = evidence.suspects.iter().find(|suspect| {
        // Its own size: a sum in a mean's place may be a thousand times what is wanted.
        let scale = scale(&suspect.values);
        let gives = |other: &[f64]| {
            suspect.values.iter().zip(other).all(|(&value, &other)| alike(value, other, scale))
        };
        suspect.values.len() == evidence.got.len() && gives(evidence.got) && !gives(evidence.want)
    })?;
    Some(Diagnosis::Suspect { name: guilty.name, sentence: guilty.sentence.clone() })
}

#[cfg(test)]
mod tests {
    use super::super::evidence_for_test;
    use super::*;

    const WANT: [f64; 4] = [1.0, 2.0, 3.0, 4.0];

    /// The name of the suspect that is found, of some called "a", "b" and so on.
    fn found(got: &[f64], want: &[f64], suspects: &[&[f64]]) -> Option<&'static str> {
        found_with(got, want, suspects, &[])
    }

    fn found_with(
        got: &[f64],
        want: &[f64],
        suspects: &[&[f64]],
        poisoned: &[usize],
    ) -> Option<&'static str> {
        let suspects = suspects.iter().zip(["a", "b", "c"]).map(|(values, name)| Suspect {
            name,
            sentence: String::new(),
            values: values.to_vec(),
        });
        let suspects: Vec<Suspect> = suspects.collect();
        let found = evidence_for_test(got, want, &[got.len()], |e| {
            convict(&Evidence { suspects: &suspects, poisoned, ..*e })
        });
        found.map(|diagnosis| diagnosis.name())
    }

    #[test]
    fn the_first_that_fits_everywhere() {
        let got = [1.0, 2.0, 3.0, 0.0];
        assert_eq!(found(&got, &WANT, &[&[0.0; 4], &got, &got]), Some("b"));
        assert_eq!(found(&got, &WANT, &[&[1.0, 2.0, 0.0, 0.0]]), None, "all but one element");
        assert_eq!(found(&got, &WANT, &[]), None);
        assert_eq!(found(&got, &WANT, &[&got[..3], &[1.0, 2.0, 3.0, 0.0, 0.0]]), None, "lengths");
    }

    #[test]
    fn a_suspect_that_is_the_wanted_result_is_ignored() {
        // Wrong by more than rounding, by less than the closeness of a suspect.
        let got = [1.0, 2.0, 3.0, 4.0001];
        assert_eq!(found(&got, &WANT, &[&WANT]), None);
        assert_eq!(found(&got, &WANT, &[&[1.0, 2.0, 3.0, 4.0002]]), None);
        let nan = [1.0, f64::NAN];
        assert_eq!(found(&[1.5, f64::NAN], &nan, &[&nan]), None);
    }

    #[test]
    fn nobody_is_suspected_of_a_right_result() {
        // Within tolerance of what is wanted, and just within the closeness of the suspect.
        let (got, want) = ([1.0, 0.999_999_9e-4], [1.0, 1.000_000_1e-4]);
        assert_eq!(found(&got, &want, &[&[1.0, 0.0]]), None);
        // The same result, had it been out of tolerance.
        assert_eq!(found(&got, &[1.0, 1.1e-4], &[&[1.0, 0.0]]), Some("a"));
    }

    #[test]
    fn as_close_as_the_largest_value_allows() {
        let values = [1000.0, 0.0];
        assert_eq!(found(&[1000.0, 0.099], &[1.0, 2.0], &[&values]), Some("a"));
        assert_eq!(found(&[1000.0, 0.101], &[1.0, 2.0], &[&values]), None);
        // The suspect's own largest value counts, not that of the wanted result.
        assert_eq!(found(&[0.0, 0.1], &[1e4, 2.0], &[&[0.0, 0.0]]), None);
        assert_eq!(found(&[0.0, 0.0], &[1e4, 2.0], &[&[0.0, 0.0]]), Some("a"));
        // An infinity does not make everything close.
        assert_eq!(found(&[f64::INFINITY, 5.0], &[1.0, 2.0], &[&[f64::INFINITY, 1.0]]), None);
    }

    #[test]
    fn nan_and_infinities_are_like_themselves() {
        let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0];
        assert_eq!(found(&values, &WANT, &[&values]), Some("a"));
        let turned = [f64::NAN, f64::NEG_INFINITY, f64::INFINITY, 1.0];
        assert_eq!(found(&turned, &WANT, &[&values]), None);
        assert_eq!(found(&[0.0, f64::INFINITY, f64::NEG_INFINITY, 1.0], &WANT, &[&values]), None);
    }

    #[test]
    fn poison_is_no_result() {
        let values = [1.0, 2.0, 3.0, f64::NAN];
        assert_eq!(found(&values, &WANT, &[&values]), Some("a"));
        assert_eq!(found_with(&values, &WANT, &[&values], &[3]), None);
    }
}
