//! Dropout against its oracle: the same elements stay on every device.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_autograd::Var;
use strata_check::{Check, Tolerance, oracle::dropout as oracle, sample};
use strata_device::{Buffer, Device, Machine, StepState, testing::testing_devices};
use strata_tensor::Tensor;
use strata_transformer::{dropout, dropout_add, dropout_forward};

fn state(device: &Device, seed: u32, step: u32) -> Buffer {
    device.step_state(StepState { seed, step, ..StepState::default() }).unwrap()
}

fn vector(device: &Device, data: &[f32]) -> Tensor {
    Tensor::from_slice(device, data, &[data.len()]).unwrap()
}

fn read(t: &Tensor) -> Vec<f32> {
    t.to_vec().unwrap()
}

#[test]
fn the_oracle_s_elements_stay() {
    for device in testing_devices() {
        let cases = if device.machine() == Machine::Cpu { 24 } else { 6 };
        let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
        let draws = (
            prop_oneof![1..70usize, 1000..9000usize],
            any::<u32>(),
            any::<u32>(),
            0u32..200,
            0f32..0.95,
        );
        TestRunner::new(config)
            .run(&draws, |(n, seed, step, op, p)| {
                let (x, residual) =
                    (sample::normal(seed.into(), n), sample::normal(!u64::from(seed), n));
                let keep = oracle::keep(seed.into(), step, op, p.into(), n);
                let want = oracle::dropout(&sample::widen(&x), &keep, p.into());
                let (x, r) = (vector(&device, &x), vector(&device, &residual));
                let state = state(&device, seed, step);
                let close = Tolerance::close(0.0, 3e-7);
                let check = Check::new("dropout", "1_naive").device(device.info().label());
                let check = check.input("x", &[n]);
                let got = read(&dropout_forward(&x, None, p, op, &state).unwrap());
                check.compare(&got, &want, &close).unwrap();
                let zeros = |x: &[f64]| x.iter().filter(|x| **x == 0.0).count();
                prop_assert_eq!(zeros(&sample::widen(&got)), zeros(&want));

                let got = read(&dropout_forward(&x, Some(&r), p, op, &state).unwrap());
                let sum: Vec<f64> =
                    want.iter().zip(&residual).map(|(w, r)| w + f64::from(*r)).collect();
                check.compare(&got, &sum, &Tolerance::close(1e-5, 3e-7)).unwrap();
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn the_mask_changes_with_step_seed_and_op_only() {
    for device in testing_devices() {
        let x = Tensor::ones(&device, &[1000]).unwrap();
        let run = |seed, step, op| {
            read(&dropout_forward(&x, None, 0.5, op, &state(&device, seed, step)).unwrap())
        };
        let first = run(1, 1, 1);
        assert_eq!(first, run(1, 1, 1));
        for other in [run(2, 1, 1), run(1, 2, 1), run(1, 1, 2)] {
            let same = first.iter().zip(&other).filter(|(a, b)| a == b).count();
            assert!((400..600).contains(&same), "{same} of 1000 alike");
        }
        let kept = first.iter().filter(|&&y| y == 2.0).count();
        assert!((430..570).contains(&kept), "{kept} of 1000 kept");
    }
}

#[test]
fn backward_draws_the_same_mask() {
    for device in testing_devices() {
        let state = state(&device, 7, 3);
        let x = Var::leaf(Tensor::ones(&device, &[6, 50]).unwrap());
        let residual =
            Var::leaf(Tensor::zeros(&device, strata_tensor::DType::F32, &[6, 50]).unwrap());
        let dy = Tensor::ones(&device, &[6, 50]).unwrap();
        let y = dropout(&x, 0.25, 4, &state).unwrap();
        y.backward_with(dy.clone()).unwrap();
        // Of x = 1 and dy = 1 the output and the gradient are both the scaled mask.
        assert_eq!(read(y.value()), read(&x.grad().unwrap()));
        x.zero_grad().unwrap();
        let y = dropout_add(&residual, &x, 0.25, 4, &state).unwrap();
        y.backward_with(dy.clone()).unwrap();
        assert_eq!(read(y.value()), read(&x.grad().unwrap()));
        assert_eq!(read(&residual.grad().unwrap()), read(&dy));
        // A transposed view is copied first: the mask follows the elements' order.
        let turned = x.value().transpose(0, 1).unwrap();
        assert_eq!(dropout_forward(&turned, None, 0.5, 0, &state).unwrap().shape(), [50, 6]);
    }
}

#[test]
fn without_dropout_nothing_is_launched() {
    let device = &testing_devices()[0];
    let (x, state) = (Var::leaf(Tensor::ones(device, &[4]).unwrap()), state(device, 0, 0));
    let before = device.stats().launches;
    assert_eq!(dropout(&x, 0.0, 0, &state).unwrap().id(), x.id());
    assert_eq!(device.stats().launches, before);
}

#[test]
fn what_does_not_fit_is_named() {
    let device = &testing_devices()[0];
    let (x, state) = (Tensor::ones(device, &[4]).unwrap(), state(device, 0, 0));
    for p in [1.0, -0.1, f32::NAN] {
        assert!(dropout_forward(&x, None, p, 0, &state).unwrap_err().to_string().contains("p is"));
    }
    let other = Tensor::ones(device, &[5]).unwrap();
    let message = dropout_forward(&x, Some(&other), 0.5, 0, &state).unwrap_err().to_string();
    assert!(message.contains("[4], [5]"), "{message}");
    let small = device.alloc(4).unwrap();
    assert!(
        dropout_forward(&x, None, 0.5, 0, &small).unwrap_err().to_string().contains("step_state")
    );
}
