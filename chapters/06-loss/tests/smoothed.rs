//! Cross-entropy with smoothed labels and class weights against the float64 oracle, and its corners.
use strata_autograd::Var;
use strata_check::{Check, Tolerance, gradient, oracle, sample};
use strata_device::{Device, testing::testing_devices};
use strata_loss::{
    CrossEntropy, IGNORE, LossExt, WeightedLoss, cross_entropy, cross_entropy_backward,
    cross_entropy_backward_with, cross_entropy_forward, cross_entropy_forward_with,
    cross_entropy_with,
};
use strata_tensor::{DType, Tensor};

const INF: f32 = f32::INFINITY;

fn read(t: &Tensor) -> Vec<f32> {
    t.to_vec().unwrap()
}

/// Each rung of the forward, by name.
fn rungs(device: &Device) -> [(&'static str, Device); 2] {
    ["1_naive", "2_block"].map(|rung| (rung, device.with_rung("smoothed_cross_entropy", rung)))
}

fn options(device: &Device, smoothing: f32, weights: Option<&[f32]>) -> CrossEntropy {
    let tensor = |w: &[f32]| Tensor::from_slice(device, w, &[w.len()]).unwrap();
    CrossEntropy { label_smoothing: smoothing, class_weights: weights.map(tensor) }
}

/// The loss of rows of `width` scores and its gradient, `dloss` 0.5 and the scale 2.
fn both(
    device: &Device,
    x: &[f32],
    targets: &[u32],
    options: &CrossEntropy,
) -> (WeightedLoss, Vec<f32>) {
    let rows = targets.len();
    let logits = Tensor::from_slice(device, x, &[rows, x.len() / rows]).unwrap();
    let targets = Tensor::from_slice(device, targets, &[rows]).unwrap();
    let loss = cross_entropy_forward_with(&logits, &targets, options).unwrap();
    let dloss = Tensor::full(device, &[], 0.5).unwrap();
    let got = cross_entropy_backward_with(&logits, &targets, &loss, &dloss, 2.0).unwrap();
    (loss, read(&got))
}

/// Weights from 0 to 2, a fifth of them 0.
fn weights(width: usize) -> Vec<f32> {
    (0..width).map(|j| if j % 5 == 2 { 0.0 } else { (j * 7 % 9 + 1) as f32 * 0.2 }).collect()
}

fn targets(seed: u64, rows: usize, width: usize, ignored: usize) -> Vec<i32> {
    let mut signed = sample::tokens(seed, rows, width as u32);
    (0..ignored).for_each(|i| signed[(i * 7 + seed as usize % 5) % rows] = -1);
    signed
}

fn unsigned(signed: &[i32]) -> Vec<u32> {
    signed.iter().map(|&t| u32::try_from(t).unwrap_or(IGNORE)).collect()
}

fn compare(device: &Device, rung: &str, [rows, width]: [usize; 2], offset: f32) {
    let x = sample::normal(5, rows * width);
    let x: Vec<f32> = x.iter().map(|x| 4.0 * x + offset).collect();
    let signed = targets(3, rows, width, rows / 3);
    let some = weights(width);
    for (smoothing, with) in
        [(0.1, None), (1.0, None), (0.0, Some(&some)), (0.1, Some(&some)), (1.0, Some(&some))]
    {
        let ones = vec![1.0; width];
        let wide = sample::widen(with.unwrap_or(&ones));
        let want = oracle::cross_entropy::smoothed_cross_entropy(
            &sample::widen(&x),
            &signed,
            &wide,
            f64::from(smoothing),
            -1,
        );
        let options = options(device, smoothing, with.map(|w| &w[..]));
        let (loss, got) = both(device, &x, &unsigned(&signed), &options);
        let (_, again) = both(device, &x, &unsigned(&signed), &options);
        let check = |op: &str| {
            let check = Check::new(op, rung).device(device.info().label());
            check.input(format!("{smoothing}, {}", with.is_some()), &[rows, width])
        };
        let close = Tolerance::close(5e-6, 5e-6);
        check("losses").compare(&read(&loss.rows), &want.losses, &close).unwrap();
        check("weight")
            .compare(&read(&loss.weight), &[want.weight], &Tolerance::close(0.0, 2e-6))
            .unwrap();
        check("loss").compare(&read(&loss.mean), &[want.loss], &close).unwrap();
        assert_eq!(loss.mean.shape(), [0usize; 0]);
        let check = check("gradient").output("dlogits", &[rows, width]).again(&again);
        // The terms of the difference are at most W / width.
        let bound = Tolerance::close(2e-6 * want.weight, 3e-5);
        check.compare(&got, &want.dlogits, &bound).unwrap();
    }
}

#[test]
fn every_rung_agrees_with_the_oracle() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            for shape in [[1, 1], [3, 5], [4, 1], [17, 300], [300, 7], [5, 32], [5, 33], [2, 1300]]
            {
                compare(&device, rung, shape, 0.0);
            }
        }
        // Wide rows, and so many short ones that each gets an invocation.
        compare(&device, "chosen", [2, 40_000], 0.0);
        compare(&device, "chosen", [16_400, 3], 0.0);
        compare(&device, "chosen", [70_001, 1], 0.0);
    }
}

#[test]
fn scores_of_a_million_lose_no_digits() {
    // Halves are exact up to 8 million. Far from zero a log-sum-exp of f32 has a sixteenth left.
    let near: Vec<f32> = sample::normal(1, 40).iter().map(|x| (4.0 * x).round() / 2.0).collect();
    let signed = targets(4, 8, 5, 2);
    let plain = oracle::cross_entropy::cross_entropy(&sample::widen(&near), &signed, 5, -1);
    for device in testing_devices() {
        for (rung, forced) in rungs(&device) {
            let online = if rung == "1_naive" { rung } else { "2_online" };
            let forced = forced.with_rung("cross_entropy", online);
            for offset in [1e6, -1e6, 8e6] {
                compare(&forced, rung, [8, 5], offset);
                let x: Vec<f32> = near.iter().map(|x| x + offset).collect();
                let logits = Tensor::from_slice(&forced, &x, &[8, 5]).unwrap();
                let goals = Tensor::from_slice(&forced, &unsigned(&signed), &[8]).unwrap();
                let loss = cross_entropy_forward(&logits, &goals).unwrap();
                let check = Check::new("cross_entropy", rung).device(device.info().label());
                let close = Tolerance::close(1e-6, 1e-6);
                check.compare(&read(&loss.rows), &plain.losses, &close).unwrap();
                check.compare(&read(&loss.mean), &[plain.loss], &close).unwrap();
                let options = options(&forced, 0.1, None);
                let (got, gradient) = both(&forced, &x, &unsigned(&signed), &options);
                let want = oracle::cross_entropy::smoothed_cross_entropy(
                    &sample::widen(&near),
                    &signed,
                    &[1.0; 5],
                    f64::from(0.1f32),
                    -1,
                );
                check.compare(&read(&got.rows), &want.losses, &close).unwrap();
                check.compare(&gradient, &want.dlogits, &close).unwrap();
            }
        }
    }
}

#[test]
fn without_options_it_is_the_plain_loss_bit_for_bit() {
    for device in testing_devices() {
        let x = sample::normal(2, 35);
        let goals = unsigned(&targets(2, 5, 7, 2));
        let logits = Tensor::from_slice(&device, &x, &[5, 7]).unwrap();
        let tensor = Tensor::from_slice(&device, &goals, &[5]).unwrap();
        let plain = cross_entropy_forward(&logits, &tensor).unwrap();
        let dloss = Tensor::full(&device, &[], 0.5).unwrap();
        let want = cross_entropy_backward(&logits, &tensor, &plain, &dloss, 2.0).unwrap();
        let (loss, got) = both(&device, &x, &goals, &CrossEntropy::default());
        assert_eq!(read(&loss.mean), read(&plain.mean));
        assert_eq!(read(&loss.rows), read(&plain.rows));
        assert_eq!(got, read(&want));
        // Weights of 1 are nearly so.
        let (ones, same) = both(&device, &x, &goals, &options(&device, 0.0, Some(&[1.0; 7])));
        assert!((read(&ones.mean)[0] - read(&plain.mean)[0]).abs() < 1e-6);
        assert!(got.iter().zip(same).all(|(a, b)| (a - b).abs() < 1e-6));
        let leaf = Var::leaf(logits.clone());
        let tape = leaf.cross_entropy_with(&tensor, &CrossEntropy::default()).unwrap();
        assert_eq!(read(tape.value()), read(cross_entropy(&leaf, &tensor).unwrap().value()));
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let x = sample::normal(5, 20);
    let (wide, signed) = (sample::widen(&x), targets(7, 4, 5, 1));
    for device in testing_devices() {
        for (smoothing, with) in [(0.25f32, None), (0.0, Some(weights(5))), (0.5, Some(weights(5)))]
        {
            let var = Var::leaf(Tensor::from_slice(&device, &x, &[2, 2, 5]).unwrap());
            let goals = Tensor::from_slice(&device, &unsigned(&signed), &[2, 2]).unwrap();
            let options = options(&device, smoothing, with.as_deref());
            let loss = cross_entropy_with(&var, &goals, &options).unwrap();
            loss.affine(3.0, 0.0).unwrap().backward().unwrap();
            let weights = sample::widen(with.as_deref().unwrap_or(&[1.0; 5]));
            let f = |x: &[f64]| {
                3.0 * oracle::cross_entropy::smoothed_cross_entropy(
                    x,
                    &signed,
                    &weights,
                    smoothing.into(),
                    -1,
                )
                .loss
            };
            let check = Check::new("smoothed_cross_entropy", "tape").device(device.info().label());
            let bound = Tolerance::close(2e-6, 1e-5);
            let grad = read(&var.grad().unwrap());
            gradient::check(&check, &grad, f, &wide, &bound).unwrap();
        }
    }
}

// CrossEntropyLoss(weight=[1, 0.5, 2], ignore_index, label_smoothing=0.1), by its formula in f64.
const WANT_ROWS: [f64; 4] =
    [0.564_399_397_185, 0.358_375_798_044, 0.000_000_000_000, 1.688_071_506_566];
const WANT_MEAN: f64 = 0.745_956_200_513;
const WANT_GRADIENT: [f64; 12] = [
    -0.073_430_008_084,
    0.066_325_889_211,
    0.007_104_118_873,
    -0.000_408_954_095,
    0.036_088_043_191,
    -0.035_679_089_097,
    0.000_000_000_000,
    0.000_000_000_000,
    0.000_000_000_000,
    0.096_841_776_485,
    -0.128_037_702_631,
    0.031_195_926_146,
];

#[test]
fn it_is_the_formula_of_pytorch() {
    let x = [2.0, 1.0, 0.0, -1.0, 0.5, 3.0, 0.0, 0.0, 0.0, 1.0, -2.0, 0.25];
    let goals = [0, 2, IGNORE, 1];
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let with = options(&device, 0.1, Some(&[1.0, 0.5, 2.0]));
            let (loss, gradient) = both(&device, &x, &goals, &with);
            let close = |got: f32, want: f64, what: &str| {
                assert!((f64::from(got) - want).abs() < 2e-6, "{rung} {what}: {got}, not {want}");
            };
            WANT_ROWS.iter().zip(read(&loss.rows)).for_each(|(&w, g)| close(g, w, "row"));
            close(read(&loss.mean)[0], WANT_MEAN, "mean");
            WANT_GRADIENT.iter().zip(gradient).for_each(|(&w, g)| close(g, w, "gradient"));
        }
    }
}

#[test]
fn weights_of_zero_and_rows_that_are_not_scored() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let x = sample::normal(9, 12);
            let none = [IGNORE; 3];
            for smoothing in [0.0, 0.1, 1.0] {
                // Nothing is scored; only the class of weight 0 is.
                let with = options(&device, smoothing, Some(&[0.0, 1.0, 2.0, 3.0]));
                for goals in [none, [0; 3], [0, IGNORE, 0]] {
                    let (loss, gradient) = both(&device, &x, &goals, &with);
                    assert_eq!(read(&loss.mean), [0.0], "{rung} {smoothing} {goals:?}");
                    assert!(gradient.iter().all(|&g| g == 0.0), "{rung} {smoothing} {goals:?}");
                }
            }
            let (loss, gradient) = both(&device, &x, &none, &options(&device, 0.1, None));
            assert!(read(&loss.mean) == [0.0] && gradient.iter().all(|&g| g == 0.0), "{rung}");
            // A row that is not scored leaks nothing, whatever it holds.
            for bad in [f32::NAN, INF, -INF] {
                let mut x = x.clone();
                x[4..8].fill(bad);
                let with = options(&device, 0.1, Some(&[0.5, 1.0, 2.0, 3.0]));
                let (loss, gradient) = both(&device, &x, &[1, IGNORE, 3], &with);
                assert!(read(&loss.mean)[0].is_finite() && read(&loss.rows)[1] == 0.0, "{rung}");
                assert!(gradient.iter().all(|g| g.is_finite()), "{rung} {bad}: {gradient:?}");
                assert!(gradient[4..8].iter().all(|&g| g == 0.0), "{rung} {bad}");
            }
        }
        let logits = Tensor::zeros(&device, DType::F32, &[0, 4]).unwrap();
        let targets = Tensor::zeros(&device, DType::U32, &[0]).unwrap();
        let with = options(&device, 0.1, None);
        let loss = cross_entropy_forward_with(&logits, &targets, &with).unwrap();
        let one = Tensor::ones(&device, &[]).unwrap();
        let got = cross_entropy_backward_with(&logits, &targets, &loss, &one, 1.0).unwrap();
        assert!(read(&loss.mean) == [0.0] && got.shape() == [0, 4]);
    }
}

#[test]
fn special_scores_are_what_pytorch_makes_of_them() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let run = |x: &[f32], goal: u32, smoothing, weights: Option<&[f32]>| {
                let (loss, gradient) =
                    both(&device, x, &[goal], &options(&device, smoothing, weights));
                (read(&loss.rows)[0], gradient)
            };
            let masked = [0.0, -INF, 0.0];
            // Weighed only, a masked class that is not the target changes nothing.
            let (loss, gradient) = run(&masked, 0, 0.0, Some(&[2.0, 1.0, 1.0]));
            assert!((loss - 2.0 * 2f32.ln()).abs() < 1e-6, "{rung}: {loss}");
            assert!(gradient[1] == 0.0 && (gradient[2] - 0.5).abs() < 1e-6, "{rung} {gradient:?}");
            let (loss, _) = run(&masked, 1, 0.0, Some(&[2.0, 1.0, 1.0]));
            assert_eq!(loss, INF);
            // Smoothed it is wanted, and cannot be had; the gradient stays finite.
            for weights in [None, Some(&[1.0, 1.0, 1.0][..])] {
                let (loss, gradient) = run(&masked, 0, 0.3, weights);
                assert_eq!(loss, INF, "{rung}");
                let want = [0.5 - 0.8, -0.1, 0.5 - 0.1];
                let near =
                    gradient.iter().zip(want).all(|(g, w): (&f32, f32)| (g - w).abs() < 1e-6);
                assert!(near, "{rung}: {gradient:?}");
            }
            // 0 times infinity.
            assert!(run(&masked, 0, 0.3, Some(&[1.0, 0.0, 1.0])).0.is_nan(), "{rung}");
            for bad in [f32::NAN, INF] {
                let (loss, gradient) = run(&[0.0, bad, 1.0], 0, 0.1, None);
                assert!(loss.is_nan() && gradient.iter().all(|g| g.is_nan()), "{rung} {bad}");
            }
            let (loss, gradient) = run(&[-INF; 3], 0, 0.1, None);
            assert!(loss.is_nan() && gradient.iter().all(|g| g.is_nan()), "{rung}");
            // One class is no surprise; a target beyond the scores is NaN, in its row only.
            let (loss, gradient) = run(&[7.0], 0, 0.4, Some(&[3.0]));
            assert!(loss == 0.0 && gradient == [0.0], "{rung}: {loss} {gradient:?}");
            let with = options(&device, 0.1, None);
            let (loss, gradient) = both(&device, &[0.0, 1.0, 2.0, 3.0], &[1, 2], &with);
            let rows = read(&loss.rows);
            assert!(rows[0].is_finite() && rows[1].is_nan() && read(&loss.mean)[0].is_nan());
            assert!(gradient[2..].iter().all(|g| g.is_nan()), "{rung}: {gradient:?}");
            // As far apart as can be.
            let (loss, gradient) = run(&[1e30, -1e30, 0.0], 0, 0.5, None);
            assert!((loss / 5e29 - 1.0).abs() < 1e-5, "{rung}: {loss}");
            assert!(gradient.iter().all(|g| g.is_finite()), "{rung}: {gradient:?}");
        }
    }
}

#[test]
fn a_recorded_step_counts_the_weights_of_other_targets() {
    for device in testing_devices() {
        let (x, w) = (sample::normal(8, 12), [0.5, 1.0, 2.0, 0.0]);
        let logits = Tensor::from_slice(&device, &x, &[3, 4]).unwrap();
        let goals = Tensor::from_slice(&device, &[0u32, 1, 2], &[3]).unwrap();
        let (with, one) = (options(&device, 0.1, Some(&w)), Tensor::ones(&device, &[]).unwrap());
        let step = || -> strata_tensor::Result<_> {
            let loss = cross_entropy_forward_with(&logits, &goals, &with)?;
            let dx = cross_entropy_backward_with(&logits, &goals, &loss, &one, 1.0)?;
            Ok((loss.mean, dx))
        };
        // Kernels are compiled before a recording starts.
        step().unwrap();
        let ((mean, dx), recording) = device.record(step).unwrap();
        goals.write(&[2u32, IGNORE, 3]).unwrap();
        device.replay(&recording).unwrap();
        let want = oracle::cross_entropy::smoothed_cross_entropy(
            &sample::widen(&x),
            &[2, -1, 3],
            &sample::widen(&w),
            f64::from(0.1f32),
            -1,
        );
        let check = Check::new("cross_entropy", "replayed").device(device.info().label());
        let close = Tolerance::close(2e-6, 2e-6);
        check.compare(&read(&mean), &[want.loss], &close).unwrap();
        check.compare(&read(&dx), &want.dlogits, &close).unwrap();
    }
}

#[test]
fn views_are_taken() {
    for device in testing_devices() {
        let x = Tensor::randn(&device, &[5, 3], 1).unwrap();
        let w = Tensor::from_slice(&device, &[1f32, 9.0, 2.0, 9.0, 0.5, 9.0], &[3, 2]).unwrap();
        let view = w.narrow(1, 0, 1).unwrap().reshape(&[3]).unwrap();
        let across = x.t().unwrap().contiguous().unwrap();
        let goals = Tensor::from_slice(&device, &[0u32, 1, 2, 2, IGNORE], &[5]).unwrap();
        let loss = |x: &Tensor, w: &Tensor| {
            let with = CrossEntropy { label_smoothing: 0.2, class_weights: Some(w.clone()) };
            read(&cross_entropy_forward_with(x, &goals, &with).unwrap().mean)
        };
        let plain = Tensor::from_slice(&device, &[1f32, 2.0, 0.5], &[3]).unwrap();
        assert_eq!(loss(&x, &plain), loss(&across.t().unwrap(), &view));
    }
}

#[test]
fn mistakes_are_errors() {
    for device in testing_devices() {
        let logits = Tensor::randn(&device, &[2, 3], 1).unwrap();
        let goals = Tensor::zeros(&device, DType::U32, &[2]).unwrap();
        let says = |with: &CrossEntropy, part: &str| {
            let error = cross_entropy_forward_with(&logits, &goals, with).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        };
        for bad in [-0.1, 1.5, f32::NAN, INF] {
            says(&options(&device, bad, None), &format!("smoothing is {bad}; it must lie between"));
        }
        says(&options(&device, 0.0, Some(&[1.0; 4])), "shapes [2, 3], [4]");
        let classes = Tensor::zeros(&device, DType::U32, &[3]).unwrap();
        let with = CrossEntropy { label_smoothing: 0.0, class_weights: Some(classes) };
        says(&with, "takes floats, got u32");
        let column = Tensor::ones(&device, &[3, 1]).unwrap();
        let with = CrossEntropy { label_smoothing: 0.0, class_weights: Some(column) };
        says(&with, "one number for each score");
        let with = options(&device, 0.1, None);
        let loss = cross_entropy_forward_with(&logits, &goals, &with).unwrap();
        let two = Tensor::ones(&device, &[2]).unwrap();
        let error = cross_entropy_backward_with(&logits, &goals, &loss, &two, 1.0).unwrap_err();
        assert!(error.to_string().contains("one number"), "{error}");
        let (more, one) =
            (Tensor::randn(&device, &[3, 3], 1).unwrap(), Tensor::ones(&device, &[]).unwrap());
        let goals = Tensor::zeros(&device, DType::U32, &[3]).unwrap();
        assert!(cross_entropy_backward_with(&more, &goals, &loss, &one, 1.0).is_err());
    }
}
