//! Where the rules of agreement have their edges.

use strata_check::oracle::matmul::Matmul;
use strata_check::round::Precision;
use strata_check::sample::{narrow, normal, widen};
use strata_check::tolerance::{Tolerance, share_used, within};
use strata_check::{Check, Report};

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

fn compare(got: &[f64], want: &[f64], tolerance: &Tolerance) -> Result<(), Report> {
    Check::new("op", "1_naive").compare(got, want, tolerance)
}

#[test]
fn nan_never_passes() {
    for tolerance in [Tolerance::Exact, Tolerance::close(INF, 0.0), Tolerance::whole(INF)] {
        assert!(compare(&[NAN], &[1.0], &tolerance).is_err());
        assert!(compare(&[1.0], &[NAN], &tolerance).is_err());
        assert!(compare(&[NAN], &[NAN], &tolerance).is_err());
    }
    assert!(!within(1.0, 1.5, NAN));
}

#[test]
fn infinities_match_only_themselves() {
    for bound in [0.0, INF] {
        assert!(within(INF, INF, bound));
        assert!(within(-INF, -INF, bound));
        assert!(!within(INF, -INF, bound));
        assert!(!within(INF, 1e30, bound));
        assert!(!within(f64::from(f32::MAX), INF, bound));
        // 1e39 has no other name in f32.
        assert!(within(INF, 1e39, bound));
        assert!(!within(-INF, 1e39, bound));
    }
}

#[test]
fn close_is_absolute_plus_relative() {
    let tolerance = Tolerance::close(0.25, 0.5);
    assert!(compare(&[1.75, -1.75, 0.25], &[1.0, -1.0, 0.0], &tolerance).is_ok());
    assert!(compare(&[1.76], &[1.0], &tolerance).is_err());
    assert!(compare(&[0.24], &[1.0], &tolerance).is_err());
    assert!(compare(&[-0.0], &[0.0], &Tolerance::Exact).is_ok());
    assert!(compare(&[1.0 + 1e-15], &[1.0], &Tolerance::Exact).is_err());
    assert!(compare(&[], &[], &Tolerance::Exact).is_ok());
}

#[test]
fn sums_have_the_bound_of_the_design() {
    let tolerance = Tolerance::sum(16, vec![3.0]);
    let bound = tolerance.bounds(&[1.0])[0];
    assert!((bound - 2.0 * (4.0 + 8.0) * 2f64.powi(-24) * 3.0).abs() < 1e-20);
    // A missing magnitude is strict, not lax.
    assert!(compare(&[1.0, 1.0 + 1e-7], &[1.0, 1.0], &tolerance).is_err());
}

/// The bound must let honest f32 pass and stop a sum in bf16.
#[test]
fn honest_sums_pass_and_narrow_ones_fail() {
    for k in [1usize, 2, 17, 300, 4000] {
        let (a, b) = (normal(1, k), normal(2, k));
        let want = Matmul::new(1, 1, k).run(&widen(&a), &widen(&b));
        let tolerance = Tolerance::sum(k, want.magnitudes);
        let honest: f32 = a.iter().zip(&b).map(|(a, b)| a * b).sum();
        assert!(Check::new("dot", "f32").compare(&[honest], &want.values, &tolerance).is_ok());
        let narrow = a
            .iter()
            .zip(&b)
            .fold(0.0, |sum, (a, b)| Precision::Bf16.round(sum + f64::from(*a) * f64::from(*b)));
        assert!(compare(&[narrow], &want.values, &tolerance).is_err(), "{k}");
    }
}

#[test]
fn rounded_allows_twice_the_error_it_must_cost() {
    let want = widen(&normal(3, 200));
    let rounded = Precision::Bf16.round_all(&want);
    let tolerance = Tolerance::rounded(rounded.clone());
    assert!(compare(&rounded, &want, &tolerance).is_ok());
    let thrice: Vec<f64> = want.iter().zip(&rounded).map(|(w, r)| w + 3.0 * (r - w)).collect();
    assert!(compare(&thrice, &want, &tolerance).is_err());
    // An f32 answer is welcome where rounding was free, and f16 may overflow where it must.
    let exact = Tolerance::rounded(want.clone());
    assert!(Check::new("op", "f32").compare(&narrow(&want), &want, &exact).is_ok());
    let overflow = Tolerance::rounded(vec![INF, 1.0]);
    assert!(compare(&[INF, 1.0], &[7e4, 1.0], &overflow).is_ok());
    assert!(compare(&[7e4, 1.0], &[7e4, 1.0], &overflow).is_err());
}

#[test]
fn whole_tensors_are_judged_by_their_largest_value() {
    let tolerance = Tolerance::whole(1e-3);
    assert!(compare(&[1000.5, 0.5], &[1000.0, 0.0], &tolerance).is_ok());
    assert!(compare(&[1000.0, 1.5], &[1000.0, 0.0], &tolerance).is_err());
    assert!(compare(&[0.0], &[0.0], &tolerance).is_ok());
}

#[test]
fn integers_compare_as_numbers() {
    assert!(
        Check::new("argmax", "1_naive")
            .compare(&[3i32, -1], &[3.0, -1.0], &Tolerance::Exact)
            .is_ok()
    );
    assert!(Check::new("cast", "1_naive").compare(&[3u32], &[4.0], &Tolerance::Exact).is_err());
}

#[test]
fn share_of_the_tolerance_in_use() {
    let tolerance = Tolerance::close(0.5, 0.0);
    assert_eq!(share_used(&[1.0, 2.25, INF], &[1.0, 2.0, INF], &tolerance), 0.5);
    assert_eq!(share_used(&[1.0], &[1.0], &Tolerance::Exact), 0.0);
    assert_eq!(share_used(&[1.0], &[2.0], &Tolerance::Exact), INF);
    assert!(share_used(&[NAN, 9.0], &[1.0, 1.0], &tolerance).is_nan());
}

#[test]
fn what_is_kept_in_sixteen_bits_may_be_off_by_twice_the_rounding() {
    let want = [1.0 + 1.0 / 512.0, 3.0, 0.1];
    let kept: Vec<f64> = Precision::Bf16.round_all(&want);
    let rule = Tolerance::close(1e-6, 0.0).kept(Precision::Bf16, &want);
    assert!(compare(&kept, &want, &rule).is_ok());
    let error = 1.0 / 512.0; // of the first: the largest
    let bound = rule.bounds(&want)[1];
    assert!((bound - (1e-6 + 2.0 * error)).abs() < 1e-12, "{bound}");
    assert!(compare(&[kept[0], 3.0 + 2.5 * error, kept[2]], &want, &rule).is_err());
    // What a format holds is not rounded: moving numbers stays exact.
    let rule = Tolerance::Exact.kept(Precision::F16, &[1.5, -2.0]);
    assert!(compare(&[1.5, -2.0], &[1.5, -2.0], &rule).is_ok());
    assert!(compare(&[1.5, -2.001], &[1.5, -2.0], &rule).is_err());
    // Beyond the format's range an infinity is wanted, and nothing else.
    let rule = Tolerance::close(1.0, 1.0).kept(Precision::F16, &[1e6]);
    assert!(compare(&[INF], &[1e6], &rule).is_ok());
    assert!(compare(&[65_504.0], &[1e6], &rule).is_err());
    // Factors rounded, and then the result.
    let (exact, seen) = (vec![2.0], vec![2.0 + 1.0 / 64.0]);
    let rule = Tolerance::Exact.and_rounded(seen).kept(Precision::Bf16, &exact);
    assert!((rule.bounds(&exact)[0] - 2.0 / 64.0).abs() < 1e-12);
}
