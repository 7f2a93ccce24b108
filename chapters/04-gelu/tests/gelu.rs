//! GELU against the float64 oracle: every rung on every device here.
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use strata_autograd::{Init, Module, ParamBuilder, Var};
use strata_check::oracle::matmul::Matmul;
use strata_check::{Check, Tolerance, gradient, oracle, sample};
use strata_device::{Device, Machine, testing::testing_devices};
use strata_gelu::{Mlp, gelu, gelu_backward, gelu_forward, linear_gelu, silu};
use strata_matmul::Linear;
use strata_shapes as shapes;
use strata_tensor::{DType, Tensor};

/// Every rung of the chapter that stands on this device, with the device that takes it.
fn rungs(device: &Device) -> Vec<(&'static str, Device)> {
    let forward = &strata_gelu::ladders()[0];
    let here = forward.rungs.iter().filter(|r| r.machines.contains(&device.machine()));
    here.map(|r| (r.name, device.with_rung("gelu", r.name).with_rung("gelu_backward", r.name)))
        .collect()
}

fn compare(rung: &str, device: &Device, x: &[f32], dy: &[f32]) {
    let n = x.len();
    let check = |op: &str| {
        Check::new(op, rung).device(device.info().label()).input("x", &[n]).output("y", &[n])
    };
    let tolerance = Tolerance::close(1e-6, 2e-6);
    let (wide, dwide) = (sample::widen(x), sample::widen(dy));
    let tensor = Tensor::from_slice(device, x, &[n]).unwrap();
    let upstream = Tensor::from_slice(device, dy, &[n]).unwrap();
    let y = gelu_forward(&tensor).unwrap().to_vec::<f32>().unwrap();
    check("gelu").compare(&y, &oracle::gelu::forward(&wide), &tolerance).unwrap();
    let dx = gelu_backward(&tensor, &upstream).unwrap().to_vec::<f32>().unwrap();
    let want = oracle::gelu::backward(&wide, &dwide);
    check("gelu_backward").compare(&dx, &want, &tolerance).unwrap();
}

#[test]
fn every_rung_agrees_with_the_oracle() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            let cases = if device.machine() == Machine::Cpu { 24 } else { 6 };
            let mut runner =
                TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(cases) });
            runner
                .run(&(shapes::length(700), any::<u64>()), |(n, seed)| {
                    compare(
                        rung,
                        &device,
                        &sample::uniform(seed, n, -6.0, 6.0),
                        &sample::normal(seed, n),
                    );
                    Ok(())
                })
                .unwrap();
        }
    }
}

#[test]
fn far_out_it_is_zero_or_the_identity() {
    let x = [-1e30, -1e10, -100.0, -20.0, -10.0, -0.0, 0.0, 10.0, 20.0, 100.0, 1e10, 1e30f32];
    for device in testing_devices() {
        for (rung, device) in rungs(&device) {
            compare(rung, &device, &x, &[1.0; 12]);
        }
    }
}

#[test]
fn nan_stays_nan() {
    for device in testing_devices() {
        for (_, device) in rungs(&device) {
            let x = Tensor::from_slice(&device, &[1.0, f32::NAN, 2.0], &[3]).unwrap();
            let y = gelu_forward(&x).unwrap().to_vec::<f32>().unwrap();
            let dx = gelu_backward(&x, &x).unwrap().to_vec::<f32>().unwrap();
            assert!(y[1].is_nan() && dx[1].is_nan());
            assert!(y[0].is_finite() && dx[2].is_finite());
        }
    }
}

#[test]
fn views_and_empty_tensors() {
    for device in testing_devices() {
        let x = Tensor::randn(&device, &[5, 7], 3).unwrap();
        let view = x.t().unwrap().narrow(0, 1, 5).unwrap();
        let y = gelu_forward(&view).unwrap();
        assert_eq!(y.shape(), [5, 5]);
        let want = oracle::gelu::forward(&sample::widen(&view.to_vec::<f32>().unwrap()));
        Check::new("gelu", "view")
            .compare(&y.to_vec::<f32>().unwrap(), &want, &Tolerance::close(1e-6, 2e-6))
            .unwrap();
        let none = Tensor::zeros(&device, DType::F32, &[0, 4]).unwrap();
        assert_eq!(gelu_forward(&none).unwrap().shape(), [0, 4]);
        assert_eq!(gelu_backward(&none, &none).unwrap().shape(), [0, 4]);
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    for device in testing_devices() {
        let x = sample::uniform(5, 33, -3.0, 3.0);
        let wide = sample::widen(&x);
        let var = Var::leaf(Tensor::from_slice(&device, &x, &[33]).unwrap());
        gelu(&var).unwrap().sum_all().unwrap().backward().unwrap();
        let got = var.grad().unwrap().to_vec::<f32>().unwrap();
        let sum = |x: &[f64]| oracle::gelu::forward(x).iter().sum();
        gradient::check(
            &Check::new("gelu", "tape"),
            &got,
            sum,
            &wide,
            &Tolerance::close(1e-6, 2e-6),
        )
        .unwrap();

        let var = Var::leaf(Tensor::from_slice(&device, &x, &[33]).unwrap());
        silu(&var).unwrap().sum_all().unwrap().backward().unwrap();
        let got = var.grad().unwrap().to_vec::<f32>().unwrap();
        let sum = |x: &[f64]| x.iter().map(|&x| oracle::map::silu(x)).sum();
        gradient::check(
            &Check::new("silu", "tape"),
            &got,
            sum,
            &wide,
            &Tolerance::close(2e-6, 4e-6),
        )
        .unwrap();
    }
}

#[test]
fn an_mlp_has_the_gradients_its_definition_asks_for() {
    for device in testing_devices() {
        let build = ParamBuilder::new();
        let mlp = Mlp::new(&build, 3, 5, 2, Init::Normal(0.7));
        let model = build.build(&device, 4).unwrap();
        let x = sample::normal(6, 12);
        let input = Var::leaf(Tensor::from_slice(&device, &x, &[4, 3]).unwrap());
        mlp.forward(&input).unwrap().sum_all().unwrap().backward().unwrap();
        let weights =
            |l: &Linear| sample::widen(&l.weight.var().unwrap().value().to_vec().unwrap());
        let (first, second) = (weights(&mlp.c_fc), weights(&mlp.c_proj));
        // The biases start at zero.
        let f = |x: &[f64], first: &[f64]| {
            let hidden = Matmul::new(4, 5, 3).run(x, first).values;
            Matmul::new(4, 2, 5).run(&oracle::gelu::forward(&hidden), &second).values.iter().sum()
        };
        let bound = Tolerance::close(5e-6, 1e-5);
        let check = Check::new("mlp", "tape").device(device.info().label());
        let wide = sample::widen(&x);
        let dx = input.grad().unwrap().to_vec::<f32>().unwrap();
        gradient::check(&check, &dx, |x| f(x, &first), &wide, &bound).unwrap();
        let dw = model.get("c_fc.weight").unwrap().grad().unwrap().to_vec::<f32>().unwrap();
        gradient::check(&check, &dw, |w| f(&wide, w), &first, &bound).unwrap();
    }
}

/// Output and gradients of a layer that ends in GELU, and the op on its tape.
fn through([rows, n]: [usize; 2], dtype: DType, device: &Device) -> (Vec<Vec<f32>>, &'static str) {
    let build = ParamBuilder::new().shadowed(Some(dtype));
    let layer = Linear::new(&build, 40, n, Init::Normal(0.2));
    let model = build.build(device, 1).unwrap();
    let x = Tensor::randn(device, &[rows, 40], 2).unwrap().cast(dtype).unwrap();
    let x = Var::leaf(x);
    let y = linear_gelu(&layer, &x).unwrap();
    y.backward_with(y.value().affine(0.5, 0.25).unwrap()).unwrap();
    let read = |t: &Tensor| t.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
    let all = [y.value(), &x.grad().unwrap(), &model.grads().unwrap()].map(read);
    (all.into(), y.op().unwrap())
}

#[test]
fn a_product_that_ends_in_gelu_is_the_product_and_then_gelu() {
    for device in testing_devices() {
        let here = |d: &DType| *d == DType::F32 || device.machine() != Machine::Wgpu;
        for dtype in [DType::F32, DType::BF16].into_iter().filter(here) {
            for shape in [[1, 1], [4, 33], [5, 513], [1, 4097], [70, 130]] {
                let (fused, op) = through(shape, dtype, &device);
                let (apart, asked) = through(shape, dtype, &device.with_rung("gelu", "1_naive"));
                assert_eq!([op, asked], ["linear_gelu", "gelu"], "who asks for it gets it");
                let digits = if dtype == DType::F32 { 2e-5 } else { 0.02 };
                for (a, b) in fused.iter().zip(&apart) {
                    let most = b.iter().fold(1.0f32, |most, x| most.max(x.abs()));
                    let far = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                    assert!(far <= digits * most, "{far} of {most}, {shape:?} {dtype} {device:?}");
                }
            }
        }
    }
}

#[test]
fn mistakes_are_errors() {
    for device in testing_devices() {
        let x = Tensor::randn(&device, &[2, 3], 1).unwrap();
        let error = gelu_backward(&x, &x.t().unwrap()).unwrap_err().to_string();
        assert!(error.contains("gelu_backward") && error.contains("[2, 3], [3, 2]"), "{error}");
        let whole = x.cast(DType::I32).unwrap();
        let error = gelu_forward(&whole).unwrap_err().to_string();
        assert!(error.contains("gelu takes floats, got i32"), "{error}");
    }
}

#[test]
fn the_demo_runs() {
    let device = Device::open("cpu", Default::default()).unwrap();
    let mut text = Vec::new();
    strata_gelu::demo(&mut text, &device).unwrap();
    assert!(String::from_utf8(text).unwrap().contains("FLOPs per byte"));
}
