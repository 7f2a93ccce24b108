//! Gradients of the products on the tape, against central differences and against each other.
mod common;

use common::{devices, rungs};
use strata_autograd::{Init, Module, ParamBuilder, Var, check_gradients};
use strata_check::{Check, Tolerance, oracle, sample};
use strata_device::{Device, Machine, Settings};
use strata_matmul::{
    Linear, MatmulExt, column_sum, linear, linear_gelu, linear_residual, linear_tied,
};
use strata_tensor::{DType, Result, Tensor};

fn cpu() -> Device {
    Device::open("cpu", Settings::default()).unwrap()
}

fn draw(device: &Device, seed: u64, shape: &[usize]) -> Tensor {
    let n = shape.iter().product();
    Tensor::from_slice(device, &sample::uniform(seed, n, -1.0, 1.0), shape).unwrap()
}

/// The gradient of tanh GELU, as chapter 4 will have it.
fn gelu_backward(x: &Tensor, dy: &Tensor) -> Result<Tensor> {
    let (at, dy) = (x.to_vec::<f32>()?, dy.to_vec::<f32>()?);
    let dx = oracle::gelu::backward(&sample::widen(&at), &sample::widen(&dy));
    Tensor::from_slice(x.device(), &sample::narrow(&dx), x.shape())
}

fn close(f: impl Fn(&[Var]) -> Result<Var>, inputs: &[Tensor]) {
    let device = inputs[0].device();
    // Weights that differ make every element count.
    let weighted = |v: &[Var]| {
        let y = f(v)?;
        let weights = Var::constant(draw(device, 99, y.shape()));
        y.mul(&weights)?.sum(&(0..y.shape().len()).collect::<Vec<_>>(), false)
    };
    for check in check_gradients(weighted, inputs, 1e-2).unwrap() {
        assert!(check.error < 5e-3, "{check:?}");
    }
}

#[test]
fn gradients_agree_with_central_differences() {
    let d = cpu();
    let t = |seed, shape: &[usize]| draw(&d, seed, shape);
    close(|v| v[0].matmul(&v[1]), &[t(1, &[3, 4]), t(2, &[4, 5])]);
    close(|v| v[0].matmul(&v[1]), &[t(1, &[2, 3, 4]), t(2, &[4, 5])]);
    close(|v| v[0].matmul(&v[1]), &[t(1, &[2, 1, 3, 4]), t(2, &[3, 4, 2])]);
    close(|v| v[0].matmul(&v[1]), &[t(1, &[3, 4]), t(2, &[2, 4, 5])]);
    let (x, w, b, r) = (t(1, &[2, 3, 4]), t(2, &[4, 5]), t(3, &[5]), t(4, &[2, 3, 5]));
    close(|v| linear(&v[0], &v[1], None), &[x.clone(), w.clone()]);
    close(|v| linear(&v[0], &v[1], Some(&v[2])), &[x.clone(), w.clone(), b.clone()]);
    let all = [x.clone(), w.clone(), b.clone(), r];
    close(|v| linear_residual(&v[0], &v[1], Some(&v[2]), &v[3]), &all);
    close(
        |v| linear_residual(&v[0], &v[1], None, &v[2]),
        &[x.clone(), w.clone(), t(4, &[2, 3, 5])],
    );
    close(|v| linear_gelu(&v[0], &v[1], Some(&v[2]), gelu_backward), &[x.clone(), w, b]);
    close(|v| linear_tied(&v[0], &v[1]), &[x, t(5, &[6, 4])]);
}

#[test]
fn gradients_may_be_kept_in_16_bits() {
    for device in devices() {
        let grads = |kept: DType| {
            let builder = ParamBuilder::new().stored(DType::F32, kept);
            let layer = Linear::new(&builder, 4, 6, Init::Normal(0.5));
            let parameters = builder.build(device, 1).unwrap();
            let y = layer.forward(&Var::leaf(draw(device, 2, &[2, 3, 4]))).unwrap();
            let part = layer.weight.var().unwrap().narrow(1, 2, 3).unwrap().sum_all().unwrap();
            let loss = y.square().unwrap().sum_all().unwrap().add(&part).unwrap();
            loss.backward().unwrap();
            let grads = |v: &Var| v.grad().unwrap().cast(DType::F32).unwrap().to_vec::<f32>();
            parameters.vars().iter().map(|v| grads(v).unwrap()).collect::<Vec<_>>().concat()
        };
        let (wide, kept) = (grads(DType::F32), grads(DType::BF16));
        assert!(wide.iter().any(|g| g.abs() > 1.0));
        for (w, k) in wide.iter().zip(kept) {
            assert!((w - k).abs() <= w.abs().max(1.0) / 128.0, "{k}, not {w}");
        }
    }
}

#[test]
fn parameters_gather_in_the_arena() {
    for device in devices() {
        let builder = ParamBuilder::new();
        let layer = Linear::new(&builder.at("layer"), 4, 6, Init::Normal(0.5));
        let table = builder.param("table", &[3, 6], Init::Normal(0.5), true);
        let parameters = builder.build(device, 1).unwrap();
        let x = Var::leaf(draw(device, 2, &[2, 3, 4]));
        let run = || {
            let y = layer.forward(&x)?;
            let y = layer.forward_residual(&x, &y)?;
            linear_tied(&y, table.var()?)?.square()?.sum(&[0, 1, 2], false)?.backward()
        };
        run().unwrap();
        let once: Vec<f32> = parameters.grads().unwrap().to_vec().unwrap();
        run().unwrap();
        let twice: Vec<f32> = parameters.grads().unwrap().to_vec().unwrap();
        assert!(once.iter().any(|g| g.abs() > 0.1));
        for (a, b) in once.iter().zip(twice) {
            assert!((2.0 * a - b).abs() <= 1e-5 * b.abs().max(1.0), "2·{a} != {b}");
        }
        // The same graph over plain leaves.
        let free: Vec<Var> =
            parameters.vars().iter().map(|v| Var::leaf(v.value().clone())).collect();
        let x = x.detach();
        let y = linear(&x, &free[0], Some(&free[1])).unwrap();
        let y = linear_residual(&x, &free[0], Some(&free[1]), &y).unwrap();
        let y = linear_tied(&y, &free[2]).unwrap();
        y.square().unwrap().sum(&[0, 1, 2], false).unwrap().backward().unwrap();
        for (leaf, parameter) in free.iter().zip(parameters.vars()) {
            let want = leaf.grad().unwrap().to_vec::<f32>().unwrap();
            let got = parameter.grad().unwrap().to_vec::<f32>().unwrap();
            for (w, g) in want.iter().zip(got) {
                assert!((2.0 * w - g).abs() <= 1e-4 * g.abs().max(1.0), "2·{w} != {g}");
            }
        }
    }
}

#[test]
fn column_sums() {
    for device in devices() {
        for (rung, device) in rungs(device, "column_sum") {
            for (rows, columns) in [(1, 1), (0, 5), (7, 3), (33, 70), (1000, 33), (300, 257)] {
                // Portable WGSL knows no floats of 16 bits.
                let half = device.machine() != Machine::Wgpu;
                let stored = [DType::F32, DType::BF16, DType::F16];
                let stored = if half { &stored[..] } else { &stored[..1] };
                // The tree needs a row; the definition takes over where there is none.
                if rows == 0 && rung != "1_naive" {
                    continue;
                }
                let each =
                    [false, true].into_iter().flat_map(|a| stored.iter().map(move |&d| (a, d)));
                for (accumulate, dtype) in each {
                    let x = sample::normal(1, rows * columns);
                    let start = sample::normal(2, columns);
                    let input = Tensor::from_slice(&device, &x, &[rows, columns]).unwrap();
                    let input = input.cast(dtype).unwrap();
                    let x = input.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
                    let out = Tensor::from_slice(&device, &start, &[columns]).unwrap();
                    column_sum(&out, &input, accumulate).unwrap();
                    let mut want = vec![0.0; columns];
                    let mut magnitudes = vec![0.0; columns];
                    for j in 0..columns {
                        let first = if accumulate { f64::from(start[j]) } else { 0.0 };
                        let column = (0..rows).map(|i| f64::from(x[i * columns + j]));
                        (want[j], magnitudes[j]) =
                            column.fold((first, first.abs()), |(s, m), x| (s + x, m + x.abs()));
                    }
                    Check::new("column_sum", rung)
                        .device(device.info().label())
                        .input("x", &[rows, columns])
                        .output("y", &[columns])
                        .compare(
                            &out.to_vec::<f32>().unwrap(),
                            &want,
                            &Tolerance::sum(rows, magnitudes),
                        )
                        .unwrap();
                }
            }
        }
    }
}

#[test]
fn errors_are_values() {
    let d = cpu();
    let v = |shape: &[usize]| Var::constant(draw(&d, 1, shape));
    let wrong = linear(&v(&[2, 3]), &v(&[4, 5]), None).unwrap_err().to_string();
    assert!(wrong.contains("linear") && wrong.contains("[2, 3], [4, 5]"), "{wrong}");
    assert!(linear(&v(&[3]), &v(&[3, 5]), None).is_err());
    assert!(linear(&v(&[2, 3]), &v(&[1, 3, 5]), None).is_err());
    assert!(linear(&v(&[2, 3]), &v(&[3, 5]), Some(&v(&[3]))).is_err());
    assert!(linear_tied(&v(&[2, 3]), &v(&[3, 5])).is_err());
    let out = draw(&d, 1, &[4]);
    assert!(column_sum(&out, &draw(&d, 1, &[2, 3]), false).is_err());
}
