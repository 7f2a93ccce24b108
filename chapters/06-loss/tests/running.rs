//! The running maximum and sum of the online softmax, against two passes in f64.
use proptest::prelude::*;
use strata_loss::running;

proptest! {
    #[test]
    fn every_entry_is_what_two_passes_find(row in prop::collection::vec(-90f32..90.0, 1..70)) {
        for (i, got) in running(&row).into_iter().enumerate() {
            let seen = &row[..=i];
            let max = seen.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = seen.iter().map(|x| (f64::from(*x) - f64::from(max)).exp()).sum();
            prop_assert_eq!(got.max, max);
            prop_assert!((f64::from(got.sum) / sum - 1.0).abs() < 2e-5, "{} for {}", got.sum, sum);
            let lse = f64::from(got.sum.ln() + got.max);
            prop_assert!((lse - (sum.ln() + f64::from(max))).abs() < 1e-4);
        }
    }
}

#[test]
fn infinite_and_undefined_elements() {
    let none = f32::NEG_INFINITY;
    let steps = running(&[none, none, 2.0, none, 3.0]);
    let pairs: Vec<_> = steps.iter().map(|s| (s.max, s.sum)).collect();
    assert_eq!(pairs[..4], [(none, 0.0), (none, 0.0), (2.0, 1.0), (2.0, 1.0)]);
    assert!((pairs[4].1 - (1.0 + (-1f32).exp())).abs() < 1e-6);
    assert!(running(&[]).is_empty());
    for bad in [f32::NAN, f32::INFINITY] {
        let steps = running(&[bad, 1.0]);
        assert!(steps.iter().all(|s| s.sum.is_nan()), "{steps:?}");
    }
}
