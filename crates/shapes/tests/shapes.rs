//! The strategies keep their promises and do draw the awkward cases.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use strata_check::oracle::index::len;
use strata_check::oracle::zip::broadcast_shape;
use strata_shapes as shapes;

proptest! {
    #[test]
    fn shapes_fit(shape in shapes::shape(6, 200, 1000)) {
        prop_assert!(shape.len() <= 6 && len(&shape) <= 1000);
    }

    #[test]
    fn full_shapes_are_not_empty(shape in shapes::full_shape(4, 64, 500)) {
        prop_assert!((1..=4).contains(&shape.len()) && (1..=500).contains(&len(&shape)));
    }

    #[test]
    fn pairs_broadcast((a, b) in shapes::broadcast_pair(5, 20, 1000)) {
        let shape = broadcast_shape(&a, &b);
        prop_assert!(shape.is_some_and(|shape| len(&shape) <= 1000), "{a:?} {b:?}");
    }

    #[test]
    fn views_stay_inside(view in shapes::view(6, 50, 1000)) {
        let last: usize = view.shape.iter().zip(&view.strides).map(|(n, stride)| (n - 1) * stride).sum();
        prop_assert!(view.offset + last < view.storage, "{view:?}");
        prop_assert!(view.storage <= 8 * 1000, "{view:?}");
    }
}

#[test]
fn awkward_cases_come_up() {
    let mut runner = TestRunner::deterministic();
    let mut draw = || shapes::matmul(130).new_tree(&mut runner).unwrap().current();
    let drawn: Vec<shapes::Product> = (0..300).map(|_| draw()).collect();
    assert!(drawn.iter().any(|p| p.k == 0) && drawn.iter().any(|p| p.m == 0));
    assert!(drawn.iter().any(|p| p.m == 1) && drawn.iter().any(|p| p.n % 2 == 1));
    assert!(drawn.iter().any(|p| p.n % 32 == 1 && p.n > 32) && drawn.iter().any(|p| p.trans_a));
}
