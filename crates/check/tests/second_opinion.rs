//! The oracles against `ndarray`, whose loops nobody here has written.

use ndarray::{Array2, ArrayD, Axis, IxDyn};
use proptest::prelude::*;
use strata_check::oracle::{copy, matmul::Matmul, reduce, softmax, zip};
use strata_check::sample::{normal, widen};

fn random(seed: u64, n: usize) -> Vec<f64> {
    widen(&normal(seed, n))
}

fn array(shape: &[usize], data: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), data.to_vec()).unwrap()
}

fn close(got: &[f64], want: impl IntoIterator<Item = f64>) {
    let want: Vec<f64> = want.into_iter().collect();
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1.0), "got {got}, want {want}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn matmul(m in 0usize..12, n in 0usize..12, k in 0usize..12, ta: bool, tb: bool, seed: u64) {
        let (a, b) = (random(seed, m * k), random(seed ^ 1, k * n));
        let got = Matmul { trans_a: ta, trans_b: tb, ..Matmul::new(m, n, k) }.run(&a, &b).values;
        let shaped = |rows, cols, transposed: bool, data: Vec<f64>| {
            if transposed {
                Array2::from_shape_vec((cols, rows), data).unwrap().reversed_axes()
            } else {
                Array2::from_shape_vec((rows, cols), data).unwrap()
            }
        };
        let want = shaped(m, k, ta, a).dot(&shaped(k, n, tb, b));
        close(&got, want.iter().copied());
    }

    #[test]
    fn reductions(shape in prop::collection::vec(1usize..5, 1..5), axis: prop::sample::Index, seed: u64) {
        let axis = axis.index(shape.len());
        let x = random(seed, shape.iter().product());
        let other = array(&shape, &x);
        close(&reduce::sum(&x, &shape, &[axis]), other.sum_axis(Axis(axis)));
        close(&reduce::mean(&x, &shape, &[axis]), other.mean_axis(Axis(axis)).unwrap());
        let max = other.fold_axis(Axis(axis), f64::NEG_INFINITY, |a, b| a.max(*b));
        close(&reduce::max(&x, &shape, &[axis]), max);
        let all: Vec<usize> = (0..shape.len()).collect();
        close(&reduce::sum(&x, &shape, &all), [other.sum()]);
    }

    #[test]
    fn softmax_rows(rows in 1usize..6, cols in 1usize..9, seed: u64) {
        let x = random(seed, rows * cols);
        let exp = Array2::from_shape_vec((rows, cols), x.clone()).unwrap().mapv(f64::exp);
        let want = &exp / &exp.sum_axis(Axis(1)).insert_axis(Axis(1));
        close(&softmax::softmax(&x, cols), want.iter().copied());
        close(&softmax::log_softmax(&x, cols), want.iter().map(|p| p.ln()));
    }

    #[test]
    fn broadcasting(shape in prop::collection::vec(1usize..5, 1..4), ones: u8, dropped in 0usize..4, seed: u64) {
        let small: Vec<usize> = shape.iter().enumerate()
            .map(|(i, &n)| if ones >> i & 1 == 1 { 1 } else { n })
            .skip(dropped.min(shape.len())).collect();
        let a = random(seed, shape.iter().product());
        let b = random(seed ^ 1, small.iter().product());
        let want = &array(&shape, &a) - &array(&small, &b);
        close(&zip::zip(&a, &shape, &b, &small, zip::sub), want);
        close(&copy::broadcast_to(&b, &small, &shape), array(&small, &b).broadcast(shape).unwrap().iter().copied());
    }

    #[test]
    fn permutations(shape in prop::collection::vec(1usize..5, 1..5), seed: u64) {
        let order: Vec<usize> = (0..shape.len()).rev().collect();
        let x = random(seed, shape.iter().product());
        let want = array(&shape, &x).permuted_axes(order.clone());
        close(&copy::permute(&x, &shape, &order), want.iter().copied());
    }
}
