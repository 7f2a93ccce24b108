//! Attention against the float64 oracle: every rung on every device here.
mod common;

use common::{Case, Padding};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_check::{gradient, sample};
use strata_device::Machine;
use strata_device::testing::testing_devices;
use strata_shapes as shapes;

#[test]
fn telling_shapes() {
    for device in testing_devices() {
        let mut cases = vec![
            Case::new(1, 1, 1, true),
            Case::new(5, 5, 3, true),
            Case::new(33, 33, 16, true),
            Case::new(65, 65, 20, true),
            Case::new(7, 70, 32, true),
            Case::new(9, 4, 8, false),
            Case::new(1, 67, 64, true),
            Case { batch: 1, heads: 1, ..Case::new(34, 66, 90, true) },
            Case { batch: 1, heads: 1, ..Case::new(3, 35, 128, false) },
            Case { scale: Some(0.3), layout: 0, ..Case::new(40, 24, 33, false) },
            Case { layout: 2, ..Case::new(17, 17, 64, true) },
        ];
        if device.machine() != Machine::Wgpu {
            cases.push(Case::new(130, 130, 64, true));
            cases.push(Case { batch: 1, ..Case::new(66, 129, 128, false) });
            cases.push(Case { batch: 1, ..Case::new(100, 200, 100, true) });
        }
        for case in cases {
            case.compare_all(&device);
        }
    }
}

#[test]
fn dropout_is_the_same_mask_in_forward_and_backward() {
    for device in testing_devices() {
        for (rows, keys, dim, causal) in [(2, 2, 4, true), (37, 70, 8, true), (3, 129, 16, false)] {
            let case = Case { dropout: 0.4, ..Case::new(rows, keys, dim, causal) };
            case.compare_all(&device);
        }
    }
}

#[test]
fn any_shape() {
    let strategy = (
        (1usize..3, 1usize..4, 0usize..3, 0usize..Padding::ALL.len()),
        (shapes::length(70), shapes::length(70), shapes::length(40)),
        any::<bool>(),
        prop_oneof![Just(0f32), Just(0.25)],
    );
    for device in testing_devices() {
        let cases = if device.machine() == Machine::Wgpu { 4 } else { 24 };
        let mut runner =
            TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(
            &strategy,
            |((batch, heads, layout, kind), (a, b, dim), causal, dropout)| {
                let (rows, keys) = if causal { (a.min(b), a.max(b)) } else { (a, b) };
                let case =
                    Case { batch, heads, layout, dropout, ..Case::new(rows, keys, dim, causal) };
                let case = Case { padding: Padding::ALL[kind], ..case };
                case.compare_all(&device);
                Ok(())
            },
        );
        outcome.unwrap();
    }
}

/// The oracle's backward, against finite differences of its forward.
#[test]
fn the_gradients_are_those_of_calculus() {
    Padding::ALL.into_iter().for_each(of_calculus);
}

fn of_calculus(padding: Padding) {
    let case = Case { batch: 2, heads: 2, dropout: 0.3, padding, ..Case::new(5, 7, 3, true) };
    let (mask, key_mask) = (case.mask(), case.key_mask());
    let oracle = case.oracle(&mask, &key_mask);
    // What is masked must be a number here, to be turned like the others.
    let data = Case { padding: Padding::None, ..case.clone() }.data(1);
    let [q, k, v, d_out] = data.map(|x| sample::widen(&x));
    let got = oracle.backward(&q, &k, &v, &d_out);
    let along = |out: &[f64]| gradient::dot(out, &d_out);
    let close = strata_check::Tolerance::close(1e-8, 1e-8);
    let check = |name: &str| strata_check::Check::new(name, "oracle");
    let of_q = |x: &[f64]| along(&oracle.forward(x, &k, &v).out);
    gradient::check(&check("dq"), &got.dq, of_q, &q, &close).unwrap();
    let of_k = |x: &[f64]| along(&oracle.forward(&q, x, &v).out);
    gradient::check(&check("dk"), &got.dk, of_k, &k, &close).unwrap();
    let of_v = |x: &[f64]| along(&oracle.forward(&q, &k, x).out);
    gradient::check(&check("dv"), &got.dv, of_v, &v, &close).unwrap();
}
