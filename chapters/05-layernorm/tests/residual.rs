//! The fused op against its parts: every rung on every device here, and its gradients.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_autograd::Var;
use strata_check::{Check, Tolerance, gradient, oracle::layernorm as oracle, sample};
use strata_device::{Device, LadderInfo, Machine, testing::testing_devices};
use strata_layernorm::{ladders, residual_layernorm, residual_layernorm_forward};
use strata_shapes as shapes;
use strata_tensor::{DType, Tensor};

const EPS: f32 = 1e-5;

/// The op's rungs here that take rows of this width, each with a device on which it is forced.
fn rungs(device: &Device, width: usize) -> Vec<(&'static str, Device)> {
    let ladder = ladders().into_iter().find(|l| l.op == "residual_layernorm").unwrap();
    let LadderInfo { op, rungs } = ladder;
    let here = rungs.iter().filter(|rung| rung.machines.contains(&device.machine()));
    let left_out = if width > 8192 { "2_block" } else { "3_wide" };
    let taken = here.filter(|rung| rung.name != left_out);
    taken.map(|rung| (rung.name, device.with_rung(op, rung.name))).collect()
}

struct Data {
    shape: [usize; 2],
    x: Vec<f32>,
    residual: Vec<f32>,
    gamma: Vec<f32>,
    beta: Vec<f32>,
}

impl Data {
    /// Off center and of another scale, so that a wrong mean shows.
    fn new(rows: usize, width: usize, seed: u64, offset: f32) -> Self {
        let n = rows * width;
        Data {
            shape: [rows, width],
            x: sample::normal(seed, n).iter().map(|x| 3.0 * x + offset).collect(),
            residual: sample::normal(seed ^ 1, n),
            gamma: sample::uniform(seed ^ 2, width, 0.5, 2.0),
            beta: sample::normal(seed ^ 3, width),
        }
    }

    fn tensors(&self, device: &Device) -> [Tensor; 4] {
        let row = &self.shape[1..];
        [
            (&self.x, &self.shape[..]),
            (&self.residual, &self.shape[..]),
            (&self.gamma, row),
            (&self.beta, row),
        ]
        .map(|(data, shape)| Tensor::from_slice(device, data, shape).unwrap())
    }
}

fn sum(x: &[f64], residual: &[f64]) -> Vec<f64> {
    x.iter().zip(residual).map(|(x, r)| x + r).collect()
}

fn compare(rung: &str, device: &Device, d: &Data) {
    let check = |op: &str| {
        let check = Check::new(op, rung).device(device.info().label());
        check.input("x", &d.shape).output("y", &d.shape)
    };
    let wide = sample::widen;
    let want_sum = sum(&wide(&d.x), &wide(&d.residual));
    let want = oracle::forward(&want_sum, &wide(&d.gamma), &wide(&d.beta), EPS.into());
    // With two numbers a row, rstd may be large: it scales the rounding of x - mean.
    let steep = want.rstd.iter().fold(1.0, |a: f64, &b| a.max(b));
    let long = 1.0 + d.shape[1] as f64 / 2000.0; // one running sum, in the naive rung
    let close = Tolerance::close(8e-6 * steep * long, 1e-5);
    let [x, residual, gamma, beta] = d.tensors(device);
    let (got_sum, got) = residual_layernorm_forward(&x, &residual, &gamma, &beta, EPS).unwrap();
    let read = |t: &Tensor| t.to_vec::<f32>().unwrap();
    check("sum").compare(&read(&got_sum), &want_sum, &Tolerance::close(1e-7, 1e-7)).unwrap();
    check("residual_layernorm").compare(&read(&got.out), &want.y, &close).unwrap();
}

#[test]
fn every_rung_agrees_with_the_oracle() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, 1) {
            let cases = if device.machine() == Machine::Cpu { 20 } else { 5 };
            let config = Config { failure_persistence: None, ..Config::with_cases(cases) };
            TestRunner::new(config)
                .run(&(shapes::length(70), 2..400usize, any::<u64>()), |(rows, width, seed)| {
                    compare(rung, &device, &Data::new(rows, width, seed, 5.0));
                    Ok(())
                })
                .unwrap();
        }
        for (rows, width) in [(3, 1024), (2, 1025), (2, 5000), (1100, 5), (3, 8193), (2, 10_000)] {
            for (rung, device) in rungs(&device, width) {
                compare(rung, &device, &Data::new(rows, width, 9, 5.0));
            }
            compare("any", &device, &Data::new(rows, width, 10, 5.0));
        }
    }
}

/// Numbers that go 0, 1, 2, 3 on a large offset: a mean of 1.5 and a variance of 1.25 above it.
#[test]
fn a_long_sum_far_from_zero_is_normalized() {
    let normal = |i: usize| ((i % 4) as f64 - 1.5) / (1.25f64 + 1e-5).sqrt();
    for device in testing_devices() {
        for (width, offset) in [(1024, 6e4f32), (8196, 6e4), (22_000, 1e6), (100_000, -3e5)] {
            let half: Vec<f32> = (0..width).map(|i| 0.5 * (offset + (i % 4) as f32)).collect();
            let half = Tensor::from_slice(&device, &half, &[1, width]).unwrap();
            let one = Tensor::ones(&device, &[width]).unwrap();
            let zero = one.affine(0.0, 0.0).unwrap();
            let (sum, y) = residual_layernorm_forward(&half, &half, &one, &zero, EPS).unwrap();
            let sum = sum.to_vec::<f32>().unwrap();
            for (i, y) in y.out.to_vec::<f32>().unwrap().into_iter().enumerate() {
                let what = format!("{width}, {offset}, element {i} on {}", device.info().label());
                assert_eq!(sum[i], offset + (i % 4) as f32, "{what}");
                assert!(
                    (f64::from(y) - normal(i)).abs() <= 1e-5 * normal(i).abs().max(1.0),
                    "{what}: {y}"
                );
            }
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let d = Data::new(3, 5, 11, 5.0);
    let wide = sample::widen;
    let dy = sample::normal(15, 15);
    let [x, residual, gamma, beta] = [&d.x, &d.residual, &d.gamma, &d.beta].map(|data| wide(data));
    for device in testing_devices() {
        let vars = d.tensors(&device).map(Var::leaf);
        let [vx, vr, vg, vb] = &vars;
        let (total, out) = residual_layernorm(vx, vr, vg, vb, EPS).unwrap();
        let upstream = Tensor::from_slice(&device, &dy, &d.shape).unwrap();
        total.add(&out).unwrap().backward_with(upstream).unwrap();
        let f = |x: &[f64], r: &[f64], g: &[f64], b: &[f64]| {
            let sum = sum(x, r);
            let out = oracle::forward(&sum, g, b, EPS.into());
            gradient::dot(&sum, &wide(&dy)) + gradient::dot(&out.y, &wide(&dy))
        };
        let got = vars.map(|v| v.grad().unwrap().to_vec::<f32>().unwrap());
        let check = Check::new("residual_layernorm", "tape").device(device.info().label());
        let bound = Tolerance::close(1e-5, 1e-5);
        gradient::check(&check, &got[0], |x| f(x, &residual, &gamma, &beta), &x, &bound).unwrap();
        gradient::check(&check, &got[1], |r| f(&x, r, &gamma, &beta), &residual, &bound).unwrap();
        gradient::check(&check, &got[2], |g| f(&x, &residual, g, &beta), &gamma, &bound).unwrap();
        gradient::check(&check, &got[3], |b| f(&x, &residual, &gamma, b), &beta, &bound).unwrap();
    }
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let tensor = |shape: &[usize]| Tensor::ones(&device, shape).unwrap();
    let (x, three) = (tensor(&[2, 3]), tensor(&[3]));
    for shape in [&[][..], &[3], &[3, 2], &[2, 1], &[1, 2, 3], &[1 << 12, 1 << 12]] {
        let other = tensor(&[]).broadcast_to(shape).unwrap();
        let error = residual_layernorm_forward(&x, &other, &three, &three, EPS).unwrap_err();
        assert!(error.to_string().starts_with("residual_layernorm"), "{error}");
        if shape != [3] {
            for [gamma, beta] in [[&other, &three], [&three, &other]] {
                let error = residual_layernorm_forward(&x, &x, gamma, beta, EPS).unwrap_err();
                assert!(error.to_string().starts_with("residual_layernorm"), "{error}");
            }
        }
    }
    let none = tensor(&[2, 1]).narrow(1, 0, 0).unwrap();
    assert!(residual_layernorm_forward(&none, &none, &three, &three, EPS).is_err());
    assert!(residual_layernorm_forward(&x, &x, &three, &three, f32::NAN).is_err());
}

#[test]
fn sixteen_bits_are_f32_rounded_once() {
    let kept = testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu);
    for (device, dtype) in kept.flat_map(|d| [(d.clone(), DType::BF16), (d, DType::F16)]) {
        let of = |device: &Device, seed, shape: &[usize]| {
            let data = sample::uniform(seed, shape.iter().product(), -3.0, 5.0);
            Tensor::from_slice(device, &data, shape).unwrap()
        };
        for width in [131, 8200] {
            for (rung, device) in rungs(&device, width) {
                let halves = [1, 2].map(|seed| of(&device, seed, &[7, width]).cast(dtype).unwrap());
                let [gamma, beta] = [3, 4].map(|seed| of(&device, seed, &[width]));
                let run = |dtype: DType| {
                    let [x, r] = [&halves[0], &halves[1]].map(|t| t.cast(dtype).unwrap());
                    residual_layernorm_forward(&x, &r, &gamma, &beta, EPS).unwrap()
                };
                let ((sum, got), (want_sum, want)) = (run(dtype), run(DType::F32));
                for (got, want) in [(&sum, &want_sum), (&got.out, &want.out)] {
                    let values = |t: &Tensor| t.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
                    assert_eq!(got.dtype(), dtype);
                    assert!(values(got) == values(&want.cast(dtype).unwrap()), "{rung}, {dtype}");
                }
            }
            let [gain, r] = [3, 4].map(|seed| of(&device, seed, &[width]));
            let x = gain.cast(dtype).unwrap();
            let error = residual_layernorm_forward(&x, &r, &gain, &gain, EPS).unwrap_err();
            let part = format!("residual_layernorm takes {dtype}, got f32 as `residual`");
            assert!(error.to_string().contains(&part), "{error}");
        }
    }
}
