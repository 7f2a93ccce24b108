//! A gradient's memory is its own: nobody who writes to one changes another.
use std::sync::{Arc, Mutex};
use strata_autograd::{Init, ParamBuilder, Var};
use strata_device::{Device, testing::testing_devices};
use strata_tensor::{DType, Tensor, ops};

fn tensor(device: &Device, data: &[f32]) -> Tensor {
    Tensor::from_slice(device, data, &[data.len()]).unwrap()
}

fn leaf(device: &Device, data: &[f32]) -> Var {
    Var::leaf(tensor(device, data))
}

fn numbers(of: &Tensor) -> Vec<f32> {
    of.to_vec().unwrap()
}

fn grad(var: &Var) -> Tensor {
    var.grad().expect("a gradient")
}

fn fill(tensor: &Tensor, value: f32) {
    ops::fill_bits(tensor, value.to_bits()).unwrap();
}

#[test]
fn leaves_share_no_memory_with_each_other_nor_with_the_seed() {
    for device in testing_devices() {
        let (a, b) = (leaf(&device, &[1.0, 1.0]), leaf(&device, &[1.0, 1.0]));
        let seed = tensor(&device, &[3.0, 4.0]);
        // Each op here hands its gradient on as it is.
        let sum = a.add(&b).unwrap();
        let sum = sum.reshape(&[1, 2]).unwrap().reshape(&[2]).unwrap().contiguous().unwrap();
        sum.retain_grad();
        sum.backward_with(seed.clone()).unwrap();
        fill(&grad(&a), 9.0);
        assert_eq!(numbers(&grad(&b)), [3.0, 4.0]);
        assert_eq!(numbers(&grad(&sum)), [3.0, 4.0]);
        assert_eq!(numbers(&seed), [3.0, 4.0]);
        fill(&seed, 7.0);
        assert_eq!(numbers(&grad(&b)), [3.0, 4.0]);
        fill(&grad(&sum), 5.0);
        assert_eq!(numbers(&grad(&b)), [3.0, 4.0]);
        // A leaf that is the root itself.
        a.backward_with(seed.clone()).unwrap();
        fill(&grad(&a), 1.0);
        assert_eq!(numbers(&seed), [7.0, 7.0]);
    }
}

#[test]
fn a_stretched_gradient_is_written_out() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.0, 3.0]);
        x.sum_all().unwrap().backward().unwrap();
        // Each element has a place of its own, so that it can be scaled in place.
        assert_eq!(grad(&x).strides(), [1]);
        ops::accumulate(&grad(&x), &tensor(&device, &[1.0, 0.0, 0.0]), 1.0).unwrap();
        assert_eq!(numbers(&grad(&x)), [2.0, 1.0, 1.0]);
    }
}

#[test]
fn a_gradient_that_somebody_holds_sees_the_next() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, -1.0]);
        let y = x.affine(2.0, 0.0).unwrap();
        y.retain_grad();
        let loss = y.square().unwrap().sum_all().unwrap();
        loss.backward().unwrap();
        let (of_x, of_y) = (grad(&x), grad(&y));
        loss.backward().unwrap();
        assert_eq!((numbers(&of_x), numbers(&grad(&x))), (vec![16.0, -16.0], vec![16.0, -16.0]));
        // A retained inner gradient gathers as a leaf's does.
        assert_eq!((numbers(&of_y), numbers(&grad(&y))), (vec![8.0, -8.0], vec![8.0, -8.0]));
        x.zero_grad().unwrap();
        loss.backward().unwrap();
        assert_eq!((numbers(&of_x), numbers(&grad(&x))), (vec![16.0, -16.0], vec![8.0, -8.0]));
    }
}

#[test]
fn sixteen_bit_gradients_gather_in_place_too() {
    for device in testing_devices() {
        let half = Var::leaf(tensor(&device, &[1.0, 2.0]).cast(DType::F16).unwrap());
        let loss = half.cast(DType::F32).unwrap().square().unwrap().sum_all().unwrap();
        loss.backward().unwrap();
        let held = grad(&half);
        loss.backward().unwrap();
        assert_eq!(held.dtype(), DType::F16);
        assert_eq!(numbers(&held.cast(DType::F32).unwrap()), [4.0, 8.0]);
    }
}

#[test]
fn a_hook_may_write_to_what_it_sees() {
    for device in testing_devices() {
        let (a, b) = (leaf(&device, &[1.0, 1.0]), leaf(&device, &[1.0, 1.0]));
        let kept = Arc::new(Mutex::new(None));
        let keep = kept.clone();
        a.hook(move |g| {
            fill(g, 0.5);
            *keep.lock().unwrap() = Some(g.clone());
            Ok(None)
        });
        let seed = tensor(&device, &[3.0, 4.0]);
        a.add(&b).unwrap().backward_with(seed.clone()).unwrap();
        assert_eq!(numbers(&grad(&a)), [0.5, 0.5]);
        assert_eq!(numbers(&grad(&b)), [3.0, 4.0]);
        assert_eq!(numbers(&seed), [3.0, 4.0]);
        fill(kept.lock().unwrap().as_ref().unwrap(), 8.0);
        assert_eq!(numbers(&grad(&a)), [0.5, 0.5]);
    }
}

#[test]
fn a_gradient_may_be_its_own_seed() {
    for device in testing_devices() {
        let x = leaf(&device, &[1.0, 2.0]);
        let y = x.reshape(&[2]).unwrap().contiguous().unwrap();
        y.backward_with(tensor(&device, &[3.0, 4.0])).unwrap();
        y.backward_with(grad(&x)).unwrap();
        assert_eq!(numbers(&grad(&x)), [6.0, 8.0]);
        // The same of a parameter, whose gradient lies in the arena.
        let builder = ParamBuilder::new();
        let w = builder.param("w", &[2], Init::Zeros, true);
        builder.build(&device, 1).unwrap();
        let w = w.var().unwrap();
        w.add(&x).unwrap().backward_with(tensor(&device, &[1.0, 2.0])).unwrap();
        w.add(&x).unwrap().backward_with(grad(w)).unwrap();
        w.backward_with(grad(w)).unwrap();
        assert_eq!(numbers(&grad(w)), [4.0, 8.0]);
    }
}
