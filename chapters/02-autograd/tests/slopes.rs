//! What finite differences cannot see: slopes at kinks, ties, and other dtypes.
use strata_autograd::{Var, stack};
use strata_device::{Device, testing::testing_devices};
use strata_tensor::{DType, Result, Tensor};

fn leaf(device: &Device, data: &[f32]) -> Var {
    Var::leaf(Tensor::from_slice(device, data, &[data.len()]).unwrap())
}

/// The gradient of the sum of `f`.
fn slope(data: &[f32], f: impl Fn(&Var) -> Result<Var>) -> Vec<Vec<f32>> {
    let of = |device: &Device| {
        let x = leaf(device, data);
        f(&x).unwrap().sum_all().unwrap().backward().unwrap();
        x.grad().expect("a gradient").to_vec().unwrap()
    };
    testing_devices().iter().map(of).collect()
}

#[test]
fn kinks_have_the_slopes_that_the_docs_say() {
    for got in slope(&[-2.0, 0.0, -0.0, 3.0], Var::abs) {
        assert_eq!(got, [-1.0, 0.0, 0.0, 1.0]);
    }
    for got in slope(&[-1.5, -1.0, 0.0, 2.0, 2.5], |x| x.clamp(-1.0, 2.0)) {
        assert_eq!(got, [0.0, 1.0, 1.0, 1.0, 0.0]);
    }
    let device = &testing_devices()[0];
    assert!(leaf(device, &[1.0]).clamp(2.0, 1.0).is_err());
}

#[test]
fn equals_share_the_gradient_of_an_extreme() {
    for got in slope(&[1.0, 5.0, 5.0, 2.0], |x| x.max(&[0], false)) {
        assert_eq!(got, [0.0, 0.5, 0.5, 0.0]);
    }
    for got in slope(&[1.0, 1.0, 1.0, 1.0, 7.0, 9.0], |x| x.reshape(&[2, 3])?.min(&[0], true)) {
        assert_eq!(got, [0.5, 1.0, 1.0, 0.5, 0.0, 0.0]);
    }
    let device = &testing_devices()[0];
    let pair = (leaf(device, &[1.0, 4.0]), leaf(device, &[1.0, 3.0]));
    pair.0.minimum(&pair.1).unwrap().sum_all().unwrap().backward().unwrap();
    assert_eq!(pair.0.grad().unwrap().to_vec::<f32>().unwrap(), [0.0, 0.0]);
    assert_eq!(pair.1.grad().unwrap().to_vec::<f32>().unwrap(), [1.0, 1.0]);
    assert!(pair.0.max(&[1], false).is_err() && pair.0.min(&[0, 0], true).is_err());
}

#[test]
fn a_cast_takes_its_gradient_back() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.5, -3.0]);
        let half = x.cast(DType::BF16).unwrap();
        half.retain_grad();
        // Used twice: 16-bit gradients are added up, too. A part of one is written whole.
        let once = half.cast(DType::F32).unwrap().affine(3.0, 0.0).unwrap();
        let part = half.narrow(0, 1, 1).unwrap().cast(DType::F32).unwrap();
        let loss = once.sum_all().unwrap().add(&part.sum_all().unwrap()).unwrap();
        loss.backward().unwrap();
        let grad = half.grad().unwrap();
        assert_eq!(grad.dtype(), DType::BF16);
        assert_eq!(x.grad().unwrap().to_vec::<f32>().unwrap(), [3.0, 4.0, 3.0]);
        assert_eq!(x.cast(DType::F32).unwrap().id(), x.id());
    }
}

#[test]
fn integers_are_constants() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.7, -2.2]);
    let whole = x.cast(DType::I32).unwrap();
    assert!(!whole.requires_grad() && whole.inputs().is_empty());
    assert_eq!(whole.value().to_vec::<i32>().unwrap(), [1, -2]);
    assert!(!whole.cast(DType::F32).unwrap().requires_grad());
}

#[test]
fn what_is_contiguous_stays_the_same_variable() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0, 2.0, 3.0, 4.0]).reshape(&[2, 2]).unwrap();
    assert_eq!(x.contiguous().unwrap().id(), x.id());
    let turned = x.transpose(0, 1).unwrap().contiguous().unwrap();
    assert_eq!(turned.op(), Some("contiguous"));
    assert_eq!(turned.value().to_vec::<f32>().unwrap(), [1.0, 3.0, 2.0, 4.0]);
}

#[test]
fn shapes_that_do_not_fit_are_errors() {
    let device = &testing_devices()[0];
    let x = leaf(device, &[1.0, 2.0, 3.0]);
    assert!(x.select(0, 3).is_err() && x.select(1, 0).is_err());
    assert!(x.slice_step(0, 0, 3, 0).is_err() && x.squeeze(0).is_err());
    assert!(x.unsqueeze(2).is_err());
    assert!(stack(&[], 0).is_err() && stack(&[&x, &x.narrow(0, 0, 2).unwrap()], 0).is_err());
}
