//! Sums, maxima, minima, argmax and norms of what holds a special value, wherever it stands.
use super::{INF, NAN, rungs, taken};
use strata_ml::adamw::global_norm;
use strata_ml::device::testing::testing_devices;
use strata_ml::tensor::Tensor;
use strata_ml::tensor::ops::{Reduce, argmax, reduce};

/// Of one row: sum, largest, smallest.
fn want(row: &[f32]) -> [f32; 3] {
    let nan = row.iter().any(|x| x.is_nan());
    let of = |start: f32, f: fn(f32, f32) -> f32| {
        if nan { NAN } else { row.iter().copied().fold(start, f) }
    };
    let sum = row.iter().map(|&x| f64::from(x)).sum::<f64>() as f32;
    [sum, of(-INF, f32::max), of(INF, f32::min)]
}

fn places(width: usize) -> Vec<usize> {
    let mut list: Vec<usize> = [0, 1, 15, 16, 31, 32, 63, 64, 255, 256].to_vec();
    list.extend([width / 2, width - 1]);
    list.retain(|&at| at < width);
    list
}

/// Rows of halves, each with specials at one place (and at the end).
fn rows(width: usize) -> Vec<Vec<f32>> {
    let mut list = Vec::new();
    for at in places(width) {
        for specials in [
            [NAN, 0.5],
            [INF, 0.5],
            [-INF, 0.5],
            [INF, -INF],
            [NAN, INF],
            [f32::MAX, 0.5],
            [-0.0, 0.0],
        ] {
            let mut row: Vec<f32> = (0..width).map(|i| (i % 7) as f32 * 0.5 - 1.5).collect();
            row[width - 1] = specials[1];
            row[at] = specials[0];
            list.push(row);
        }
    }
    for x in [NAN, INF, -INF, f32::MIN, f32::MAX, -0.0] {
        list.push(vec![x; width]);
    }
    list
}

fn equal(got: f32, want: f32) -> bool {
    got == want
        || (got.is_nan() && want.is_nan())
        || (got - want).abs() <= 1e-5 * want.abs().max(1.0)
}

#[test]
fn reductions_see_every_special_value() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "reduce") {
            for width in [1, 3, 17, 64, 65, 300, 700] {
                let rows = rows(width);
                let n = rows.len();
                let x = Tensor::from_slice(&device, &rows.concat(), &[n, width]).unwrap();
                let columns = x.transpose(0, 1).unwrap().contiguous().unwrap();
                for (r, op) in [Reduce::Sum, Reduce::Max, Reduce::Min].into_iter().enumerate() {
                    for (x, dim) in [(&x, 1), (&columns, 0)] {
                        let Some(got) = taken(reduce(op, x, &[dim], false, 1.0)) else { continue };
                        for (row, got) in rows.iter().zip(got) {
                            let want = want(row)[r];
                            // Whether the largest two add up to infinity is left to the order.
                            let order = op == Reduce::Sum
                                && row.iter().filter(|x| x.abs() == f32::MAX).count() > 1;
                            assert!(
                                order || equal(got, want),
                                "{device:?} {rung} {op:?} over {dim} of {row:?}: {got}"
                            );
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn a_long_sum_and_maximum_of_all_see_one_nan() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "reduce") {
            for at in [0, 9_999, 19_999] {
                let mut row = vec![0.25; 20_000];
                row[at] = NAN;
                let x = Tensor::from_slice(&device, &row, &[row.len()]).unwrap();
                for op in [Reduce::Sum, Reduce::Max, Reduce::Min] {
                    let Some(got) = taken(reduce(op, &x, &[0], false, 1.0)) else { continue };
                    assert!(got[0].is_nan(), "{device:?} {rung} {op:?} at {at}: {got:?}");
                }
            }
        }
    }
}

#[test]
fn argmax_finds_the_first_nan_or_the_first_largest() {
    for device in testing_devices() {
        for (rung, device) in rungs(&device, "argmax") {
            for width in [1, 3, 64, 300, 700] {
                let rows = rows(width);
                let x = Tensor::from_slice(&device, &rows.concat(), &[rows.len(), width]).unwrap();
                let got = match argmax(&x) {
                    Err(_) => continue,
                    Ok(got) => got.to_vec::<u32>().unwrap(),
                };
                for (row, got) in rows.iter().zip(got) {
                    let nan = row.iter().position(|x| x.is_nan());
                    let largest = want(row)[1];
                    let place = nan.or_else(|| row.iter().position(|&x| x == largest)).unwrap();
                    assert_eq!(got as usize, place, "{device:?} {rung} of {row:?}");
                }
            }
        }
    }
}

#[test]
fn the_norm_of_all_gradients_hides_nothing() {
    for device in testing_devices() {
        for (x, want) in
            [(NAN, NAN), (INF, INF), (-INF, INF), (f32::MAX, INF), (0.0, 0.0), (-0.0, 0.0)]
        {
            for at in [0, 255, 256, 999] {
                let mut data = vec![0.0; 1000];
                data[at] = x;
                let norm =
                    global_norm(&Tensor::from_slice(&device, &data, &[1000]).unwrap()).unwrap();
                let got = norm.to_vec::<f32>().unwrap()[0];
                assert!(equal(got, want) || got == want, "{device:?} {x} at {at}: {got}");
            }
        }
    }
}
