//! Diagnoses from where the wrong elements are.

use super::{Diagnosis, Evidence, index_of};

/// A second run gave something else: a race.
pub fn differs_between_runs(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let first = *evidence.unstable.first()?;
    Some(Diagnosis::DiffersBetweenRuns {
        count: evidence.unstable.len(),
        first: index_of(first, evidence.shape),
    })
}

/// The poison is still there.
pub fn unwritten(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let first = *evidence.poisoned.first()?;
    Some(Diagnosis::Unwritten {
        count: evidence.poisoned.len(),
        total: evidence.got.len(),
        first: index_of(first, evidence.shape),
    })
}

/// Workgroup (0, 0, 0) did its part and nobody else did. With only two workgroups it might as well
/// be the last one that is missing, so that is left to [`tail_missing`].
pub fn first_workgroup_only(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let owner = evidence.owner?;
    let group = |i: usize| owner(i).workgroup;
    let right = evidence.got.len() - evidence.failing.len();
    let owned = (0..evidence.got.len()).filter(|&i| group(i) == [0; 3]).count();
    let others_failed = evidence.failing.iter().all(|&i| group(i) != [0; 3]);
    let several = evidence.failing.iter().any(|&i| group(i) != group(evidence.failing[0]));
    let trace = right == owned && right > 0 && others_failed && several;
    trace.then_some(Diagnosis::FirstWorkgroupOnly { right })
}

/// Along some axis everything is right up to a point, and (nearly) everything wrong from there on.
pub fn tail_missing(evidence: &Evidence<'_>) -> Option<Diagnosis> {
    let total = evidence.got.len();
    for axis in 0..evidence.shape.len() {
        let len = evidence.shape[axis];
        let from = evidence.failing.iter().map(|&i| index_of(i, evidence.shape)[axis]).min()?;
        // A result may be right by chance (a zero, say), so nine in ten are enough.
        let tail = total / len.max(1) * (len - from);
        if from > 0 && evidence.failing.len() * 10 >= tail * 9 {
            return Some(Diagnosis::TailMissing { axis, from, len });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::evidence_for_test;
    use super::super::owner::Owner;
    use super::*;

    #[test]
    fn tail_of_rows_of_columns_and_none() {
        let want: Vec<f64> = (1..=12).map(f64::from).collect();
        let mut got = want.clone();
        got[8..].fill(0.0); // rows 2.. of [3, 4]
        let found = evidence_for_test(&got, &want, &[3, 4], tail_missing);
        assert_eq!(found, Some(Diagnosis::TailMissing { axis: 0, from: 2, len: 3 }));

        let mut got = want.clone();
        for i in [3, 7, 11] {
            // column 3 of [3, 4]
            got[i] = 0.0;
        }
        let found = evidence_for_test(&got, &want, &[3, 4], tail_missing);
        assert_eq!(found, Some(Diagnosis::TailMissing { axis: 1, from: 3, len: 4 }));

        let mut got = want.clone();
        for i in [5, 11] {
            got[i] = 0.0;
        }
        assert_eq!(evidence_for_test(&got, &want, &[3, 4], tail_missing), None);
        assert_eq!(evidence_for_test(&[0.0; 12], &want, &[3, 4], tail_missing), None);
    }

    #[test]
    fn first_workgroup() {
        let want: Vec<f64> = (1..=12).map(f64::from).collect();
        let mut got = want.clone();
        got[4..].fill(0.0);
        let look = |size: usize| {
            let owner = move |i: usize| Owner::linear(i, size);
            evidence_for_test(&got, &want, &[12], |e| {
                first_workgroup_only(&Evidence { owner: Some(&owner), ..*e })
            })
        };
        assert_eq!(look(4), Some(Diagnosis::FirstWorkgroupOnly { right: 4 }));
        assert_eq!(look(3), None); // a part of the second is right too
        assert_eq!(look(6), None); // a part of the first is wrong
    }

    #[test]
    fn poison_and_second_runs() {
        let (got, want) = ([f64::NAN, 1.0], [1.0, 1.0]);
        let found = evidence_for_test(&got, &want, &[2], |e| {
            let e = Evidence { poisoned: &[0], unstable: &[1], ..*e };
            (unwritten(&e), differs_between_runs(&e))
        });
        assert_eq!(found.0, Some(Diagnosis::Unwritten { count: 1, total: 2, first: vec![0] }));
        assert_eq!(found.1, Some(Diagnosis::DiffersBetweenRuns { count: 1, first: vec![1] }));
    }
}
