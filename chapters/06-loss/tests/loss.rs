//! Softmax and cross-entropy against the float64 oracle: every rung on every device here.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_autograd::Var;
use strata_check::{Check, Tolerance, gradient, oracle, sample};
use strata_device::{Device, Machine, testing::testing_devices};
use strata_loss::{
    IGNORE, cross_entropy, cross_entropy_backward, cross_entropy_forward, log_softmax,
    log_softmax_backward, log_softmax_forward, softmax, softmax_backward, softmax_forward,
};
use strata_shapes as shapes;
use strata_tensor::{DType, Tensor};

/// The first and the second rung of every ladder that stands on this device, with the device that
/// takes them. (Forward and backward name their second rungs differently.)
fn rungs(device: &Device) -> Vec<(String, Device)> {
    let ladders = strata_loss::ladders();
    (0..2)
        .filter_map(|i| {
            let mut forced = device.clone();
            for ladder in ladders.iter().filter(|l| l.op != "mean_of_scored") {
                let rung = ladder.rungs.get(i)?;
                if !rung.machines.contains(&device.machine()) {
                    return None;
                }
                forced = forced.with_rung(ladder.op, rung.name);
            }
            Some((ladders[0].rungs[i].name.to_string(), forced))
        })
        .collect()
}

fn read(t: &Tensor) -> Vec<f32> {
    t.to_vec().unwrap()
}

fn compare_softmax(rung: &str, device: &Device, rows: usize, width: usize, x: &[f32], dy: &[f32]) {
    let check = |op: &str| {
        let check = Check::new(op, rung).device(device.info().label());
        check.input("x", &[rows, width]).output("y", &[rows, width])
    };
    let wide = sample::widen(x);
    let tensor = Tensor::from_slice(device, x, &[rows, width]).unwrap();
    let upstream = Tensor::from_slice(device, dy, &[rows, width]).unwrap();
    let size = dy.iter().fold(1.0, |a: f64, b| a.max(b.abs().into()));

    let y = softmax_forward(&tensor).unwrap();
    let again = read(&softmax_forward(&tensor).unwrap());
    let want = oracle::softmax::softmax(&wide, width);
    let bound = Tolerance::close(1e-7, 2e-5);
    check("softmax").again(&again).compare(&read(&y), &want, &bound).unwrap();
    let dx = read(&softmax_backward(&y, &upstream).unwrap());
    let want = oracle::softmax::softmax_backward(&want, &sample::widen(dy), width);
    let bound = Tolerance::close(1e-6 * size, 5e-5);
    check("softmax_backward").compare(&dx, &want, &bound).unwrap();

    let y = log_softmax_forward(&tensor).unwrap();
    let want = oracle::softmax::log_softmax(&wide, width);
    let bound = Tolerance::close(5e-6, 2e-6);
    check("log_softmax").compare(&read(&y), &want, &bound).unwrap();
    let dx = read(&log_softmax_backward(&y, &upstream).unwrap());
    let want = oracle::softmax::log_softmax_backward(&want, &sample::widen(dy), width);
    let bound = Tolerance::close(3e-6 * size * (width as f64).sqrt(), 2e-5);
    check("log_softmax_backward").compare(&dx, &want, &bound).unwrap();
}

/// `ignored` of the targets become [`IGNORE`], -1 for the oracle.
fn targets(seed: u64, rows: usize, vocab: usize, ignored: usize) -> (Vec<u32>, Vec<i32>) {
    let mut signed = sample::tokens(seed, rows, vocab as u32);
    for i in 0..ignored {
        signed[(i * 7 + seed as usize % 5) % rows] = -1;
    }
    (signed.iter().map(|&t| if t < 0 { IGNORE } else { t as u32 }).collect(), signed)
}

fn compare_loss(rung: &str, device: &Device, rows: usize, vocab: usize, ignored: usize, seed: u64) {
    let x: Vec<f32> = sample::normal(seed, rows * vocab).iter().map(|x| 4.0 * x).collect();
    let (unsigned, signed) = targets(seed, rows, vocab, ignored);
    let want = oracle::cross_entropy::cross_entropy(&sample::widen(&x), &signed, vocab, -1);
    let logits = Tensor::from_slice(device, &x, &[rows, vocab]).unwrap();
    let targets = Tensor::from_slice(device, &unsigned, &[rows]).unwrap();
    let check = |op: &str| {
        let check = Check::new(op, rung).device(device.info().label());
        check.input("logits", &[rows, vocab])
    };
    let close = Tolerance::close(2e-6, 3e-6);
    let loss = cross_entropy_forward(&logits, &targets).unwrap();
    check("lse").compare(&read(&loss.lse), &want.lse, &close).unwrap();
    check("losses")
        .compare(&read(&loss.rows), &want.losses, &Tolerance::close(5e-6, 3e-6))
        .unwrap();
    assert_eq!(loss.mean.shape(), [0usize; 0]);
    check("loss").compare(&read(&loss.mean), &[want.loss], &Tolerance::close(5e-6, 3e-6)).unwrap();
    let dloss = Tensor::full(device, &[], 0.5).unwrap();
    let got = read(&cross_entropy_backward(&logits, &targets, &loss, &dloss, 2.0).unwrap());
    let again = read(&cross_entropy_backward(&logits, &targets, &loss, &dloss, 2.0).unwrap());
    // A probability near 1 carries the whole relative error of `exp(x - lse)`: the sum's, and half
    // an ulp of an lse below 32, which is 16 roundoffs.
    let probability = 2.0 * ((vocab as f64).sqrt() + 16.0) / (1u32 << 24) as f64;
    let bound = Tolerance::close(probability / want.scored.max(1) as f64, 2e-5);
    let check = check("cross_entropy_backward").output("dlogits", &[rows, vocab]);
    check.again(&again).compare(&got, &want.dlogits, &bound).unwrap();
}

#[test]
fn every_rung_agrees_with_the_oracle() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let cases = if device.machine() == Machine::Cpu { 20 } else { 5 };
            let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
            TestRunner::new(config)
                .run(
                    &(shapes::length(40), shapes::length(600), any::<u64>()),
                    |(rows, width, seed)| {
                        let n = rows * width;
                        let x: Vec<f32> = sample::normal(seed, n).iter().map(|x| 5.0 * x).collect();
                        compare_softmax(
                            &rung,
                            &device,
                            rows,
                            width,
                            &x,
                            &sample::normal(seed ^ 1, n),
                        );
                        compare_loss(&rung, &device, rows, width, rows / 3, seed);
                        Ok(())
                    },
                )
                .unwrap();
        }
    }
}

#[test]
fn many_rows_and_wide_rows() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            compare_loss(&rung, &device, 700, 5, 100, 3);
            compare_loss(&rung, &device, 2, 4999, 0, 4);
        }
    }
}

#[test]
fn very_different_scores() {
    let x = [1e4f32, 0.0, -1e4, 88.0, 1e4, 1e30, -1e30, 0.0, 5.0, -5.0];
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            compare_softmax(
                &rung,
                &device,
                2,
                5,
                &x,
                &[1.0, -2.0, 3.0, 0.5, 1.0, 2.0, 1.0, 0.0, -1.0, 4.0],
            );
        }
    }
}

#[test]
fn masked_scores_get_no_probability() {
    for device in testing_devices() {
        for (_, device) in rungs(&device) {
            let x = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY, 1.0];
            let y = softmax_forward(&Tensor::from_slice(&device, &x, &[4]).unwrap()).unwrap();
            assert_eq!(read(&y), [0.0, 0.5, 0.0, 0.5]);
        }
    }
}

#[test]
fn nothing_to_score_is_no_loss_and_no_gradient() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            compare_loss(&rung, &device, 3, 4, 3, 1);
        }
        let none = Tensor::zeros(&device, DType::F32, &[0, 4]).unwrap();
        let targets = Tensor::zeros(&device, DType::U32, &[0]).unwrap();
        let loss = cross_entropy_forward(&none, &targets).unwrap();
        assert_eq!(read(&loss.mean), [0.0]);
    }
}

#[test]
fn a_target_beyond_the_vocabulary_is_nan() {
    for device in testing_devices() {
        for (_, device) in rungs(&device) {
            let logits = Tensor::randn(&device, &[2, 4], 1).unwrap();
            let targets = Tensor::from_slice(&device, &[1u32, 4], &[2]).unwrap();
            let loss = cross_entropy_forward(&logits, &targets).unwrap();
            let rows = read(&loss.rows);
            assert!(rows[0].is_finite() && rows[1].is_nan() && read(&loss.mean)[0].is_nan());
            let one = Tensor::ones(&device, &[]).unwrap();
            let grad = read(&cross_entropy_backward(&logits, &targets, &loss, &one, 1.0).unwrap());
            assert!(
                grad[..4].iter().all(|g| g.is_finite()) && grad[4..].iter().all(|g| g.is_nan())
            );
        }
    }
}

#[test]
fn a_recorded_step_can_be_replayed_with_other_targets() {
    for device in testing_devices() {
        let x = sample::normal(8, 12);
        let logits = Tensor::from_slice(&device, &x, &[3, 4]).unwrap();
        let (first, _) = targets(1, 3, 4, 0);
        let (second, signed) = targets(2, 3, 4, 1);
        let targets = Tensor::from_slice(&device, &first, &[3]).unwrap();
        let step = || cross_entropy_forward(&logits, &targets);
        // Kernels are compiled before a recording starts.
        step().unwrap();
        let (loss, recording) = device.record(step).unwrap();
        targets.write(&second).unwrap();
        device.replay(&recording).unwrap();
        let want = oracle::cross_entropy::cross_entropy(&sample::widen(&x), &signed, 4, -1);
        let check = Check::new("cross_entropy", "replayed").device(device.info().label());
        check.compare(&read(&loss.mean), &[want.loss], &Tolerance::close(2e-6, 2e-6)).unwrap();
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let (rows, width) = (3, 5);
    let (x, dy) = (sample::normal(5, 15), sample::normal(6, 15));
    let (wide, dwide) = (sample::widen(&x), sample::widen(&dy));
    let bound = Tolerance::close(2e-6, 1e-5);
    for device in testing_devices() {
        let leaf = || Var::leaf(Tensor::from_slice(&device, &x, &[rows, width]).unwrap());
        let upstream = Tensor::from_slice(&device, &dy, &[rows, width]).unwrap();
        let check = |op| Check::new(op, "tape").device(device.info().label());

        let var = leaf();
        softmax(&var).unwrap().backward_with(upstream.clone()).unwrap();
        let f = |x: &[f64]| gradient::dot(&oracle::softmax::softmax(x, width), &dwide);
        gradient::check(&check("softmax"), &read(&var.grad().unwrap()), f, &wide, &bound).unwrap();

        let var = leaf();
        log_softmax(&var).unwrap().backward_with(upstream).unwrap();
        let f = |x: &[f64]| gradient::dot(&oracle::softmax::log_softmax(x, width), &dwide);
        gradient::check(&check("log_softmax"), &read(&var.grad().unwrap()), f, &wide, &bound)
            .unwrap();

        let var = leaf();
        let (unsigned, signed) = targets(7, rows, width, 1);
        let targets = Tensor::from_slice(&device, &unsigned, &[rows]).unwrap();
        cross_entropy(&var, &targets).unwrap().affine(3.0, 0.0).unwrap().backward().unwrap();
        let f = |x: &[f64]| 3.0 * oracle::cross_entropy::cross_entropy(x, &signed, width, -1).loss;
        gradient::check(&check("cross_entropy"), &read(&var.grad().unwrap()), f, &wide, &bound)
            .unwrap();
    }
}

#[test]
fn mistakes_are_errors() {
    for device in testing_devices() {
        let logits = Tensor::randn(&device, &[2, 3], 1).unwrap();
        let targets = Tensor::zeros(&device, DType::U32, &[2]).unwrap();
        let says = |r: strata_tensor::Result<strata_loss::Loss>, part: &str| {
            let error = r.unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        let three = Tensor::zeros(&device, DType::U32, &[3]).unwrap();
        says(cross_entropy_forward(&logits, &three), "shapes [2, 3], [3]");
        let float = Tensor::ones(&device, &[2]).unwrap();
        says(cross_entropy_forward(&logits, &float), "cross_entropy takes u32, got f32");
        let scalar = Tensor::ones(&device, &[]).unwrap();
        says(cross_entropy_forward(&scalar, &targets), "last dimension above 0");
        let loss = cross_entropy_forward(&logits, &targets).unwrap();
        let error = cross_entropy_backward(&logits, &targets, &loss, &float, 1.0).unwrap_err();
        assert!(error.to_string().contains("one number"), "{error}");
        assert!(softmax_forward(&scalar).is_err());
        assert!(softmax_backward(&logits, &float).is_err());
    }
}

#[test]
fn the_demo_runs() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let mut text = Vec::new();
    strata_loss::demo(&mut text, &device).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("nats"));
}
