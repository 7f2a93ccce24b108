//! Softmax, cross-entropy, LayerNorm and products of rows that hold a special value: that row shows it, and
//! no other does.
use super::{INF, NAN, rungs, taken};
use strata_ml::data::embedding_backward;
use strata_ml::device::testing::testing_devices;
use strata_ml::layernorm::{layernorm_backward, layernorm_forward};
use strata_ml::loss::{
    IGNORE, cross_entropy_backward, cross_entropy_forward, log_softmax_forward, softmax_forward,
};
use strata_ml::matmul::{Epilogue, gemm_into, matmul};
use strata_ml::tensor::Tensor;

/// Softmax, its logarithm and the log-sum-exp, as PyTorch has them.
fn softmax(row: &[f32]) -> [Vec<f64>; 3] {
    let wide: Vec<f64> = row.iter().map(|&x| x.into()).collect();
    let nan = wide.iter().any(|x| x.is_nan());
    let max = wide.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let max = if nan { f64::NAN } else { max };
    let sum: f64 = wide.iter().map(|x| (x - max).exp()).sum();
    let each = |f: &dyn Fn(f64) -> f64| wide.iter().map(|&x| f(x)).collect();
    [
        each(&|x| (x - max).exp() / sum),
        each(&|x| x - max - sum.ln()),
        vec![if max == f64::NEG_INFINITY { max } else { max + sum.ln() }],
    ]
}

fn fits(got: f32, want: f64) -> bool {
    let narrow = want as f32;
    (got.is_nan() && want.is_nan())
        || got == narrow
        || (f64::from(got) - want).abs() <= 2e-5 * want.abs().max(1e-3)
}

fn rows(width: usize) -> Vec<Vec<f32>> {
    let plain: Vec<f32> = (0..width).map(|i| (i * 5 % 11) as f32 * 0.4 - 2.0).collect();
    let mut list = vec![plain.clone()];
    for at in [0, width / 2, width - 1] {
        for x in [NAN, INF, -INF, f32::MAX, f32::MIN, -0.0, 1e-40] {
            let mut row = plain.clone();
            row[at] = x;
            list.push(row);
        }
    }
    list.extend([NAN, INF, -INF, f32::MAX, f32::MIN].map(|x| vec![x; width]));
    // Only one that is not masked; infinities of both kinds; a mask with a NaN.
    let mut last = vec![-INF; width];
    last[width - 1] = 3.0;
    list.push(last.clone());
    last[0] = INF;
    list.push(last.clone());
    last[0] = NAN;
    list.push(last);
    list
}

#[test]
fn softmax_and_cross_entropy_of_rows_with_special_values() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "softmax") {
            let device = device.with_rung("log_softmax", rung).with_rung("cross_entropy", rung);
            for width in [1, 3, 33, 300, 1030] {
                let rows = rows(width);
                let n = rows.len();
                let x = Tensor::from_slice(&device, &rows.concat(), &[n, width]).unwrap();
                let got = [softmax_forward(&x), log_softmax_forward(&x)];
                let what = |r: usize| format!("{device:?} {rung}, width {width}, row {r} of {n}");
                for (part, got) in got.into_iter().enumerate() {
                    let Some(got) = taken(got) else { continue };
                    for (r, (row, got)) in rows.iter().zip(got.chunks(width)).enumerate() {
                        for (j, (&got, want)) in got.iter().zip(&softmax(row)[part]).enumerate() {
                            // A probability of f32's smallest has a logarithm of its own.
                            assert!(
                                fits(got, *want),
                                "{}, part {part}: {got} at {j}, not {want}",
                                what(r)
                            );
                        }
                    }
                }
                // Every other row is not scored: whatever it holds is left out of mean and gradient.
                let goals: Vec<u32> = (0..n).map(|r| if r % 2 == 1 { IGNORE } else { 0 }).collect();
                let goals = Tensor::from_slice(&device, &goals, &[n]).unwrap();
                let loss = cross_entropy_forward(&x, &goals).unwrap();
                let (losses, lse) =
                    (loss.rows.to_vec::<f32>().unwrap(), loss.lse.to_vec::<f32>().unwrap());
                for (r, row) in rows.iter().enumerate() {
                    let [_, log, all] = softmax(row);
                    assert!(fits(lse[r], all[0]), "{}: lse {}, not {}", what(r), lse[r], all[0]);
                    let want = if r % 2 == 1 { 0.0 } else { -log[0] };
                    assert!(fits(losses[r], want), "{}: loss {}, not {want}", what(r), losses[r]);
                }
            }
        }
    }
}

#[test]
fn rows_that_are_not_scored_leak_nothing() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "cross_entropy") {
            for width in [3, 300] {
                for bad in [NAN, INF] {
                    let mut data: Vec<f32> = (0..4 * width).map(|i| (i % 9) as f32 * 0.3).collect();
                    data[width..2 * width].fill(bad);
                    let back = match rung {
                        "1_naive" => "1_naive",
                        _ => "2_block",
                    };
                    let device = device.with_rung("cross_entropy_backward", back);
                    let x = Tensor::from_slice(&device, &data, &[4, width]).unwrap();
                    let goals = Tensor::from_slice(&device, &[1, IGNORE, 2, 0], &[4]).unwrap();
                    let loss = cross_entropy_forward(&x, &goals).unwrap();
                    let mean = loss.mean.to_vec::<f32>().unwrap()[0];
                    let one = Tensor::from_slice(&device, &[1f32], &[]).unwrap();
                    let grad = cross_entropy_backward(&x, &goals, &loss, &one, 1.0).unwrap();
                    let grad = grad.to_vec::<f32>().unwrap();
                    assert!(
                        mean.is_finite() && grad.iter().all(|x| x.is_finite()),
                        "{device:?} {rung} {bad}"
                    );
                    assert!(grad[width..2 * width].iter().all(|&x| x == 0.0), "{device:?} {rung}");
                }
            }
        }
    }
}

#[test]
fn one_bad_row_of_a_layernorm_spoils_itself_only() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "layernorm") {
            for width in [1, 5, 300, 1025] {
                for bad in [NAN, INF, -INF] {
                    let mut data: Vec<f32> =
                        (0..5 * width).map(|i| (i * 3 % 7) as f32 * 0.5).collect();
                    data[2 * width + width / 2] = bad;
                    let x = Tensor::from_slice(&device, &data, &[5, width]).unwrap();
                    let ones = Tensor::ones(&device, &[width]).unwrap();
                    let zeros =
                        Tensor::zeros(&device, strata_ml::device::DType::F32, &[width]).unwrap();
                    let Some(got) =
                        taken(layernorm_forward(&x, &ones, &zeros, 1e-5).map(|n| n.out))
                    else {
                        continue;
                    };
                    for (i, y) in got.iter().enumerate() {
                        let spoiled = i / width == 2;
                        assert!(
                            y.is_nan() == spoiled,
                            "{device:?} {rung} width {width}, {bad}: {y} at {i}"
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn gradients_of_one_bad_row_stay_in_it() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "layernorm_backward") {
            for width in [5, 300, 1025] {
                let data: Vec<f32> = (0..5 * width).map(|i| (i * 3 % 7) as f32 * 0.5).collect();
                let of = |data: &[f32]| Tensor::from_slice(&device, data, &[5, width]).unwrap();
                let ones = Tensor::ones(&device, &[width]).unwrap();
                let x = of(&data);
                let done = layernorm_forward(&x, &ones, &ones, 1e-5).unwrap();
                let mut up = data.clone();
                up[3 * width - 1] = NAN;
                let back = layernorm_backward(&x, &ones, &done.mean, &done.rstd, &of(&up), None);
                let Some(got) = taken(back) else { continue };
                for (i, y) in got.iter().enumerate() {
                    let what = format!("{device:?} {rung} width {width}: {y} at {i}");
                    assert!(y.is_nan() == (i / width == 2), "{what}");
                }
            }
        }
        for (rung, device) in rungs(&device, "embedding_backward") {
            for bad in [NAN, INF] {
                let ids = Tensor::from_slice(&device, &[1u32, 0, 3, 1], &[1, 4]).unwrap();
                let mut up = vec![1.0; 4 * 3];
                up[3] = bad;
                let up = Tensor::from_slice(&device, &up, &[1, 4, 3]).unwrap();
                let table = Tensor::ones(&device, &[5, 3]).unwrap();
                embedding_backward(&ids, &up, &table, false).unwrap();
                let got = table.to_vec::<f32>().unwrap();
                let plain = got.iter().enumerate().all(|(i, x)| (i == 0) != x.is_finite());
                assert!(plain && got[3..6] == [2.0; 3], "{device:?} {rung}: {got:?}");
            }
        }
    }
}

#[test]
fn a_product_s_padding_adds_nothing() {
    let (m, k, n) = (19, 21, 37);
    let data = |len: usize| (0..len).map(|i| (i * 5 % 13) as f32 * 0.25 - 1.0).collect::<Vec<_>>();
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "matmul") {
            for bad in [NAN, INF] {
                for turned in [false, true] {
                    // The last row of a and the last column of b, at the edge of every tile.
                    let (mut a, mut b) = (data(m * k), data(k * n));
                    a[m * k - 1] = bad;
                    b[k * n - 1] = bad;
                    let a = Tensor::from_slice(&device, &a, &[m, k]).unwrap();
                    let b = Tensor::from_slice(&device, &b, &[k, n]).unwrap();
                    let b = match turned {
                        true => b
                            .transpose(0, 1)
                            .unwrap()
                            .contiguous()
                            .unwrap()
                            .transpose(0, 1)
                            .unwrap(),
                        false => b,
                    };
                    let Some(got) = taken(matmul(&a, &b)) else { continue };
                    for (e, x) in got.iter().enumerate() {
                        let spoiled = e / n == m - 1 || e % n == n - 1;
                        assert!(x.is_finite() != spoiled, "{device:?} {rung} {bad}: {x} at {e}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_gelu_behind_a_product_has_the_limits_of_gelu() {
    let x = [-INF, f32::MIN, -1e30, -100.0, -20.0, 0.0, 20.0, 1e30, f32::MAX, INF, NAN];
    let want = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 20.0, 1e30, f32::MAX, INF, NAN];
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "matmul") {
            for rows in [1, 9] {
                let a = Tensor::ones(&device, &[rows, 1]).unwrap();
                let b = Tensor::from_slice(&device, &x, &[1, x.len()]).unwrap();
                let out = Tensor::ones(&device, &[rows, x.len()]).unwrap();
                let activated = Tensor::ones(&device, &[rows, x.len()]).unwrap();
                let epilogue = Epilogue { activated: Some(&activated), ..Epilogue::default() };
                let done = gemm_into(&out, &a, &b, epilogue).map(|()| activated.clone());
                let Some(got) = taken(done) else { continue };
                for (i, &got) in got.iter().enumerate() {
                    let want = want[i % x.len()];
                    let fits = (got - want).abs() <= 1e-6 * want.abs().max(1.0);
                    let fits = fits || got == want || (got.is_nan() && want.is_nan());
                    assert!(fits, "{device:?} {rung}: gelu({}) is {got}", x[i % x.len()]);
                }
            }
        }
    }
}
