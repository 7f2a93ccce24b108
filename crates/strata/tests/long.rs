//! Rows, sums and batches that are long: right on every device, also on one that ends long loops.
use strata_ml::attention::{self, Options};
use strata_ml::data::{embedding_backward, embedding_positions_backward};
use strata_ml::device::{Device, testing::testing_devices};
use strata_ml::layernorm::{layernorm_backward, layernorm_forward};
use strata_ml::loss::{
    CrossEntropy, cross_entropy_backward_with, cross_entropy_forward, cross_entropy_forward_with,
    log_softmax_backward, log_softmax_forward, softmax_backward, softmax_forward,
};
use strata_ml::tensor::{DType, Tensor, ops};

fn tensor(device: &Device, shape: &[usize], f: impl Fn(usize) -> f32) -> Tensor {
    let data: Vec<f32> = (0..shape.iter().product()).map(f).collect();
    Tensor::from_slice(device, &data, shape).unwrap()
}

fn close(what: &str, device: &Device, got: &Tensor, want: impl Fn(usize) -> f64, within: f64) {
    for (i, &y) in got.to_vec::<f32>().unwrap().iter().enumerate() {
        let (y, want) = (f64::from(y), want(i));
        let near = (y - want).abs() <= within * want.abs().max(1.0);
        assert!(near, "{what} on {}: element {i} is {y}, not {want}", device.info().label());
    }
}

/// Numbers that go 0, 1, 2, 3 on a large offset: a mean of 1.5 and a variance of 1.25 above it.
fn steps(device: &Device, width: usize, offset: f32) -> Tensor {
    tensor(device, &[1, width], |i| offset + (i % 4) as f32)
}

fn normal(i: usize) -> f64 {
    ((i % 4) as f64 - 1.5) / (1.25f64 + 1e-5).sqrt()
}

#[test]
fn wide_rows_far_from_zero_are_normalized() {
    for device in testing_devices() {
        for (width, offset) in [
            (1024, 60_000.0),
            (8192, 60_000.0),
            (8196, 60_000.0),
            (10_000, 60_000.0),
            (12_288, 10_000.0),
            (22_000, 1e6),
            (100_000, -3e5),
        ] {
            let what = format!("layernorm, width {width}, offset {offset}");
            let x = steps(&device, width, offset);
            let (one, zero) =
                (Tensor::ones(&device, &[width]).unwrap(), x.affine(0.0, 0.0).unwrap());
            let zero = zero.reshape(&[width]).unwrap();
            let y = layernorm_forward(&x, &one, &zero, 1e-5).unwrap();
            close(&what, &device, &y.out, normal, 1e-5);
            close(&what, &device, &y.mean, |_| f64::from(offset) + 1.5, 1e-7);
            // A gradient of the row itself goes nowhere, and neither does one that all share.
            let dy = tensor(&device, &[1, width], |i| 3.0 + normal(i) as f32);
            let shifted = x.affine(1.0, -offset).unwrap();
            let mean = Tensor::full(&device, &[1], 1.5).unwrap();
            let dx = layernorm_backward(&shifted, &one, &mean, &y.rstd, &dy, None).unwrap();
            close(&format!("gradient of {what}"), &device, &dx, |_| 0.0, 1e-4);
        }
    }
}

#[test]
fn very_many_short_rows_are_right() {
    let rows = 300_000;
    for device in testing_devices() {
        for width in [1, 3, 31] {
            let rows = rows / width;
            let x = tensor(&device, &[rows, width], |i| (i % width) as f32 * 0.5);
            let sum: f64 = (0..width).map(|j| (j as f64 * 0.5).exp()).sum();
            let want = |i: usize| ((i % width) as f64 * 0.5).exp() / sum;
            let y = softmax_forward(&x).unwrap();
            close("softmax", &device, &y, want, 1e-5);
            let log = log_softmax_forward(&x).unwrap();
            close("log_softmax", &device, &log, |i| want(i).ln(), 1e-5);
            let dy = x.affine(0.0, 1.0).unwrap();
            close("softmax back", &device, &softmax_backward(&y, &dy).unwrap(), |_| 0.0, 1e-5);
            let dx = log_softmax_backward(&log, &dy).unwrap();
            close("log_softmax back", &device, &dx, |i| 1.0 - width as f64 * want(i), 1e-4);
            let goals = Tensor::from_slice(&device, &vec![0u32; rows], &[rows]).unwrap();
            let loss = cross_entropy_forward(&x, &goals).unwrap();
            close("cross_entropy", &device, &loss.mean, |_| sum.ln(), 1e-4);
            let smooth = CrossEntropy { label_smoothing: 0.1, ..CrossEntropy::default() };
            let loss = cross_entropy_forward_with(&x, &goals, &smooth).unwrap();
            let mean = (width - 1) as f64 * 0.25;
            close("smoothed", &device, &loss.mean, |_| sum.ln() - 0.1 * mean, 1e-4);
            let scale = Tensor::full(&device, &[], rows as f32).unwrap();
            let dx = cross_entropy_backward_with(&x, &goals, &loss, &scale, 1.0).unwrap();
            let goal = |i: usize| if i.is_multiple_of(width) { 0.9 } else { 0.0 };
            let back = |i: usize| want(i) - goal(i) - 0.1 / width as f64;
            close("smoothed back", &device, &dx, back, 1e-5);
            let gain = Tensor::full(&device, &[width], 2.0).unwrap();
            let normed = layernorm_forward(&x, &gain, &gain, 1e-5).unwrap();
            let mean = (width - 1) as f64 * 0.25;
            close("mean", &device, &normed.mean, |_| mean, 1e-5);
            let to = strata_ml::layernorm::ParameterGrads {
                dgamma: Tensor::ones(&device, &[width]).unwrap(),
                dbeta: Tensor::ones(&device, &[width]).unwrap(),
                accumulate: true,
            };
            let (mean, rstd) = (&normed.mean, &normed.rstd);
            layernorm_backward(&x, &gain, mean, rstd, &dy, Some(&to)).unwrap();
            close("dbeta", &device, &to.dbeta, |_| 1.0 + rows as f64, 1e-6);
        }
    }
}

#[test]
fn one_very_long_row_has_a_softmax() {
    // A workgroup of 256 would go round twice 33,204 times.
    let width = 8_500_224;
    for device in testing_devices() {
        let x = tensor(&device, &[1, width], |i| (i % 2) as f32);
        let sum = width as f64 / 2.0 * (1.0 + 1f64.exp());
        let want = |i: usize| ((i % 2) as f64).exp() / sum;
        let y = softmax_forward(&x).unwrap();
        close("softmax", &device, &y.affine(sum as f32, 0.0).unwrap(), |i| want(i) * sum, 1e-5);
        let log = log_softmax_forward(&x).unwrap();
        close("log_softmax", &device, &log, |i| want(i).ln(), 1e-5);
        // Of equal gradients nothing is left, of those of every other element a quarter.
        let dx = softmax_backward(&y, &x).unwrap();
        let (odd, scale) = (1f64.exp() / (1.0 + 1f64.exp()), width as f64);
        let back = |i: usize| want(i) * ((i % 2) as f64 - odd) * scale;
        // A lane of a GPU adds 33,204 numbers one by one.
        close("back", &device, &dx.affine(scale as f32, 0.0).unwrap(), back, 1e-3);
        let dx = log_softmax_backward(&log, &x).unwrap();
        let back = |i: usize| (i % 2) as f64 - want(i) * width as f64 / 2.0;
        close("log back", &device, &dx, back, 1e-4);
    }
}

#[test]
fn many_tokens_of_one_kind_and_large_batches_add_up() {
    for device in testing_devices() {
        for n in [65_000, 70_001, 140_000] {
            let ids = Tensor::from_slice(&device, &vec![1u32; n], &[1, n]).unwrap();
            let dy = Tensor::ones(&device, &[1, n, 2]).unwrap();
            for (start, accumulate) in [(7.0, false), (7.0, true)] {
                let table = Tensor::full(&device, &[3, 2], start).unwrap();
                embedding_backward(&ids, &dy, &table, accumulate).unwrap();
                let rest = if accumulate { f64::from(start) } else { 0.0 };
                let want = |i: usize| rest + if i / 2 == 1 { n as f64 } else { 0.0 };
                close(&format!("{n} tokens"), &device, &table, want, 0.0);
                let table = Tensor::full(&device, &[2, 2], start).unwrap();
                let ids = ids.reshape(&[n, 1]).unwrap();
                let dy = dy.reshape(&[n, 1, 2]).unwrap();
                embedding_positions_backward(&ids, &dy, &table, accumulate).unwrap();
                let want = |i: usize| rest + if i / 2 == 0 { n as f64 } else { 0.0 };
                close(&format!("batch {n}"), &device, &table, want, 0.0);
            }
        }
    }
}

#[test]
fn very_many_queries_or_keys_have_their_gradients_or_an_error() {
    for device in testing_devices() {
        let all = [(66_000, 2, 0), (70_016, 3, 0), (2, 66_000, 0), (66_000, 2, 3)];
        for (rows, keys, padding) in all {
            let q = tensor(&device, &[1, 1, rows, 1], |_| 0.0);
            let there = |i: usize| i < keys;
            let k = tensor(&device, &[1, 1, keys + padding, 1], |i| match there(i) {
                true => (i % 2) as f32,
                false => f32::NAN,
            });
            let ones = Tensor::ones(&device, &[1, 1, rows, 1]).unwrap();
            let mask = tensor(&device, &[1, keys + padding], |i| f32::from(u8::from(there(i))));
            let mut options = Options::full();
            if padding > 0 {
                options = options.masked(&mask);
            }
            let tried = attention::forward(&q, &k, &k, &options).and_then(|attended| {
                let grads = attention::backward(&q, &k, &k, &attended, &ones, &options)?;
                Ok((attended, grads))
            });
            let what = format!("{rows} queries, {keys} keys, {padding} masked");
            match tried {
                Ok((attended, grads)) => {
                    let mean = (keys / 2) as f64 / keys as f64;
                    close(&what, &device, &attended.out, |_| mean, 1e-4);
                    close(&what, &device, &attended.lse, |_| (keys as f64).ln(), 1e-5);
                    // The sums over queries are one number each, and all add to it.
                    let each = |i| if there(i) { rows as f64 / keys as f64 } else { 0.0 };
                    close(&what, &device, &grads.dv, each, 1e-3);
                    close(&what, &device, &grads.dk, |_| 0.0, 1e-4);
                    close(&what, &device, &grads.dq, |_| mean - mean * mean, 1e-4);
                }
                Err(error) => {
                    let rounds = device.info().caps.loop_rounds;
                    assert!(rounds > 0 && keys > rows, "{what}: {error}");
                    assert!(error.to_string().contains("without a word"), "{error}");
                }
            }
        }
    }
}

#[test]
fn long_sums_are_right_at_either_side_of_what_a_rung_takes() {
    for device in testing_devices() {
        for k in [63, 64, 32_767, 32_768, 65_534, 65_535, 70_000] {
            let x = tensor(&device, &[2, k], |_| 1.0);
            close("sum", &device, &x.sum(&[1], false).unwrap(), |_| k as f64, 1e-6);
            let down = x.t().unwrap();
            close("sum down", &device, &down.sum(&[0], false).unwrap(), |_| k as f64, 1e-6);
            let most = x.argmax().unwrap();
            assert_eq!(most.to_vec::<u32>().unwrap(), [0, 0]);
            let out = Tensor::empty(&device, DType::F32, &[2]).unwrap();
            strata_ml::matmul::column_sum(&out, &down.contiguous().unwrap(), false).unwrap();
            close("column_sum", &device, &out, |_| k as f64, 1e-6);
        }
        // The naive rung by name: right as far as it goes, and no number beyond.
        let naive = ["reduce", "argmax", "softmax", "layernorm", "column_sum"];
        let naive = naive.iter().fold(device.clone(), |device, op| device.with_rung(op, "1_naive"));
        for k in [10_920, 16_380, 21_600, 21_840, 32_760, 32_800, 40_000, 65_520, 65_600] {
            let x = tensor(&naive, &[1, k], |i| if i + 1 == k { 1.0 } else { 0.0 });
            let far =
                |what: &str, y: strata_ml::tensor::Result<Tensor>, want: &dyn Fn(usize) -> f64| {
                    match y {
                        Ok(y) => close(&format!("{what} of {k}"), &naive, &y, want, 1e-4),
                        Err(error) => {
                            assert!(error.to_string().contains("ends loops after"), "{error}")
                        }
                    }
                };
            let ones = x.affine(0.0, 1.0).unwrap();
            far("sum", ones.sum(&[1], false), &|_| k as f64);
            let slanted = ones.reshape(&[k / 4, 4]).unwrap().t().unwrap();
            far("slanted sum", slanted.sum(&[0, 1], false), &|_| k as f64);
            far("maximum", x.max(&[1], false), &|_| 1.0);
            far(
                "softmax",
                softmax_forward(&ones).map(|y| y.affine(k as f32, 0.0).unwrap()),
                &|_| 1.0,
            );
            let (gain, row) = (Tensor::ones(&naive, &[k]).unwrap(), steps(&naive, k, 0.0));
            far("norm", layernorm_forward(&row, &gain, &gain, 1e-5).map(|y| y.out), &|i| {
                1.0 + normal(i)
            });
            if let Ok(at) = x.argmax() {
                assert_eq!(at.to_vec::<u32>().unwrap(), [k as u32 - 1], "argmax of {k}");
            }
        }
        let x = Tensor::ones(&device, &[3, 5]).unwrap();
        ops::fill_bits(&x, 0).unwrap();
        close("fill", &device, &x, |_| 0.0, 0.0);
    }
}
