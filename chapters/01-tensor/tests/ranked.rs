//! Running sums, the largest elements, and draws, on every device and rung.
use strata_check::oracle::{scan, topk as largest};
use strata_check::{Check, Tolerance, sample};
use strata_device::{Device, testing::testing_devices};
use strata_tensor::ops::{self, cumsum};
use strata_tensor::{DType, Error, Result, Tensor};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

fn check(op: &str, rung: &str, device: &Device, got: &Tensor, want: &[f64], rule: &Tolerance) {
    let verdict = Check::new(op, rung)
        .device(device.info().label())
        .output("out", got.shape())
        .page("book/src/01-tensor.md")
        .compare(&got.to_vec::<f32>().unwrap(), want, rule);
    if let Err(report) = verdict {
        panic!("{report}");
    }
}

/// The op's rungs on this device's machine, each as a device that takes it.
fn rungs(op: &str, device: &Device) -> Vec<(&'static str, Device)> {
    let ladder = ops::ladders().into_iter().find(|l| l.op == op).unwrap();
    let here = ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine()));
    here.map(|r| (r.name, device.with_rung(op, r.name))).collect()
}

/// The result, or `None` where the forced rung does not take these arguments.
fn taken<T>(result: Result<T>) -> Option<T> {
    match result {
        Err(Error::Device(strata_device::Error::UnknownRung { .. })) => None,
        other => Some(other.unwrap()),
    }
}

#[test]
fn running_sums_agree_with_the_oracle() {
    let shapes: [(&[usize], usize); 12] = [
        (&[1], 0),
        (&[300], 0),
        (&[70_001], 0),
        (&[5, 63], 1),
        (&[5, 64], 1),
        (&[3, 257], 1),
        (&[90, 3], 0),
        (&[100, 40], 0),
        (&[2, 65, 3], 1),
        (&[2, 7, 33], 1),
        (&[300, 2, 2], 0),
        (&[3, 0, 2], 0),
    ];
    for device in testing_devices() {
        for (rung, device) in rungs("cumsum", &device) {
            for (shape, d) in shapes {
                for reverse in [false, true] {
                    let n = shape.iter().product();
                    // Far from zero, where a plain running sum drifts off.
                    let data = sample::uniform(n as u64, n, 0.0, 1.0);
                    let x = Tensor::from_slice(&device, &data, shape).unwrap();
                    let Some(got) = taken(cumsum(&x, d, reverse)) else { continue };
                    let wide = sample::widen(&data);
                    let want = scan::cumsum(&wide, shape, d, reverse);
                    let sizes = scan::cumsum_abs(&wide, shape, d, reverse);
                    let rule = Tolerance::sum(shape[d], sizes);
                    check("cumsum", rung, &device, &got, &want, &rule);
                }
            }
            // A view, read as it shows.
            let data = sample::normal(7, 12 * 70);
            let x = Tensor::from_slice(&device, &data, &[12, 70]).unwrap();
            let view = x.t().unwrap().narrow(1, 2, 9).unwrap();
            if let Some(got) = taken(cumsum(&view, 0, false)) {
                let wide = sample::widen(&view.to_vec().unwrap());
                let want = scan::cumsum(&wide, &[70, 9], 0, false);
                let rule = Tolerance::sum(70, scan::cumsum_abs(&wide, &[70, 9], 0, false));
                check("cumsum of a view", rung, &device, &got, &want, &rule);
            }
        }
    }
}

#[test]
fn running_sums_of_integers_wrap() {
    for device in testing_devices() {
        for (rung, device) in rungs("cumsum", &device) {
            for n in [3usize, 64, 1000] {
                let signed: Vec<i32> =
                    (0..n as i32).map(|i| i.wrapping_mul(1_640_531_527) ^ i32::MIN).collect();
                let x = Tensor::from_slice(&device, &signed, &[n]).unwrap();
                let Some(got) = taken(cumsum(&x, 0, false)) else { continue };
                let mut sum = 0i32;
                let want: Vec<i32> = signed
                    .iter()
                    .map(|x| {
                        sum = sum.wrapping_add(*x);
                        sum
                    })
                    .collect();
                assert_eq!(got.to_vec::<i32>().unwrap(), want, "{device:?} {rung}");
                let ones = Tensor::from_slice(&device, &vec![1u32; n], &[n]).unwrap();
                let want: Vec<u32> = (1..=n as u32).rev().collect();
                let got = cumsum(&ones, 0, true).unwrap();
                assert_eq!(got.to_vec::<u32>().unwrap(), want, "{device:?} {rung}");
            }
        }
    }
}

#[test]
fn what_is_none_spreads_from_its_place_on() {
    for device in testing_devices() {
        for (rung, device) in rungs("cumsum", &device) {
            for n in [5usize, 300, 600] {
                for at in [0, 1, n / 2, n - 1] {
                    for (special, after) in [(NAN, NAN), (INF, INF), (-INF, -INF)] {
                        let mut data = vec![0.5f32; n];
                        data[at] = special;
                        let x = Tensor::from_slice(&device, &data, &[n]).unwrap();
                        let Some(got) = taken(cumsum(&x, 0, false)) else { continue };
                        for (j, got) in got.to_vec::<f32>().unwrap().into_iter().enumerate() {
                            let want = if j < at { 0.5 * (j + 1) as f32 } else { after };
                            let same = got == want || (got.is_nan() && want.is_nan());
                            assert!(same, "{device:?} {rung}: {special} at {at}, {got} at {j}");
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_largest_come_in_order() {
    for device in testing_devices() {
        for (rung, device) in rungs("topk", &device) {
            for (rows, width, k) in [
                (1, 1, 1),
                (3, 5, 2),
                (4, 64, 64),
                (2, 100, 100),
                (5, 257, 200),
                (2, 1000, 7),
                (2, 4099, 50),
            ] {
                let n = rows * width;
                // Rounded, so that many are equal.
                let mut data: Vec<f32> =
                    sample::normal(n as u64, n).iter().map(|x| (8.0 * x).round() / 8.0).collect();
                for (i, special) in
                    [NAN, INF, -INF, -0.0, 0.0, f32::MAX, 1e-40, NAN].into_iter().enumerate()
                {
                    let at = (i * 37 + 1) % n;
                    data[at] = special;
                }
                let x = Tensor::from_slice(&device, &data, &[rows, width]).unwrap();
                let Some((values, places)) = taken(x.topk(k)) else { continue };
                assert_eq!((values.shape(), places.shape()), (&[rows, k][..], &[rows, k][..]));
                let (want, order) = largest::topk(&sample::widen(&data), width, k);
                let order: Vec<u32> = order.into_iter().map(|i| i as u32).collect();
                assert_eq!(places.to_vec::<u32>().unwrap(), order, "{device:?} {rung} {width} {k}");
                let got = values.to_vec::<f32>().unwrap();
                for (got, want) in got.iter().zip(want) {
                    let same = f64::from(*got) == want || (got.is_nan() && want.is_nan());
                    assert!(same, "{device:?} {rung}: {got}, not {want}");
                }
            }
        }
    }
}

#[test]
fn draws_come_as_often_as_their_weights_say() {
    let mut first: Option<Vec<u32>> = None;
    for device in testing_devices() {
        let weights = [1f32, 0.0, 3.0, 4.0, 0.0, 2.0, 0.0, 0.0, 5.0, 0.0];
        let x = Tensor::from_slice(&device, &weights, &[2, 5]).unwrap();
        let draws = 20_000;
        let got = x.multinomial(draws, 7, true).unwrap().to_vec::<u32>().unwrap();
        assert_eq!(&got, first.get_or_insert_with(|| got.clone()), "other draws on {device:?}");
        for (row, weights) in got.chunks(draws).zip(weights.chunks(5)) {
            let total: f32 = weights.iter().sum();
            for (place, weight) in weights.iter().enumerate() {
                let share = f64::from(weight / total);
                let count = row.iter().filter(|&&p| p as usize == place).count() as f64;
                let n = draws as f64;
                // Five standard deviations; none at all where there is no weight.
                let room = 5.0 * (n * share * (1.0 - share)).sqrt();
                assert!((count - n * share).abs() <= room, "{place}: {count} of {n}, {share}");
            }
        }
        // Another seed, other draws.
        assert_ne!(got, x.multinomial(draws, 8, true).unwrap().to_vec::<u32>().unwrap());
    }
}

#[test]
fn draws_from_a_wide_row_are_the_same_everywhere() {
    let width = 5000;
    let weights = sample::uniform(3, 2 * width, 0.0, 1.0);
    let mut all = Vec::new();
    for device in testing_devices() {
        let x = Tensor::from_slice(&device, &weights, &[2, width]).unwrap();
        let got = x.multinomial(600, 11, true).unwrap().to_vec::<u32>().unwrap();
        assert!(got.iter().all(|&p| (p as usize) < width));
        let mean = got.iter().map(|&p| f64::from(p)).sum::<f64>() / 1200.0;
        assert!((mean - 2500.0).abs() < 5.0 * 1443.0 / 1200f64.sqrt(), "{mean}");
        all.push(got);
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn without_replacement_none_comes_twice() {
    for device in testing_devices() {
        let rows = 4000;
        let weights = [1f32, 2.0, 3.0, 0.0];
        let x = Tensor::from_slice(&device, &weights, &[1, 4]).unwrap();
        let x = x.broadcast_to(&[rows, 4]).unwrap();
        let got = x.multinomial(3, 5, false).unwrap().to_vec::<u32>().unwrap();
        let mut firsts = [0f64; 3];
        for row in got.chunks(3) {
            let mut sorted = row.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2], "{device:?}");
            firsts[row[0] as usize] += 1.0;
        }
        for (count, share) in firsts.into_iter().zip([1.0 / 6.0, 2.0 / 6.0, 3.0 / 6.0]) {
            let n = rows as f64;
            assert!(
                (count - n * share).abs() < 5.0 * (n * share * (1.0 - share)).sqrt(),
                "{count}"
            );
        }
        // Four draws of three weights: the last one has nothing left.
        let four = x.multinomial(4, 5, false).unwrap().to_vec::<u32>().unwrap();
        assert!(four.chunks(4).all(|row| row[3] == u32::MAX && row[..3] != [u32::MAX; 3]));
    }
}

#[test]
fn a_row_that_is_no_distribution_draws_nothing() {
    let rows = [
        [0.0, 0.0, 0.0],
        [1.0, -1.0, 5.0],
        [1.0, NAN, 1.0],
        [INF, 1.0, 1.0],
        [0.0, 1e-30, 0.0],
        [-0.0, 0.0, 2.0],
    ];
    for device in testing_devices() {
        let x = Tensor::from_slice(&device, &rows.concat(), &[6, 3]).unwrap();
        for replacement in [true, false] {
            let got = x.multinomial(1, 1, replacement).unwrap().to_vec::<u32>().unwrap();
            let no = u32::MAX;
            assert_eq!(got, [no, no, no, no, 1, 2], "{device:?} {replacement}");
        }
        // A sum beyond f32.
        let x = Tensor::from_slice(&device, &[f32::MAX; 3], &[3]).unwrap();
        for replacement in [true, false] {
            let got = x.multinomial(2, 1, replacement).unwrap().to_vec::<u32>().unwrap();
            assert_eq!(got, [u32::MAX; 2], "{device:?} {replacement}");
        }
    }
}

#[test]
fn huge_weights_are_drawn_as_often_as_others() {
    for device in testing_devices() {
        let rows = 4000;
        let weights = Tensor::from_slice(&device, &[5e37f32, 2.5e38], &[1, 2]).unwrap();
        let x = weights.broadcast_to(&[rows, 2]).unwrap();
        let got = x.multinomial(1, 5, false).unwrap().to_vec::<u32>().unwrap();
        let (n, share) = (rows as f64, 1.0 / 6.0);
        let count = got.iter().filter(|&&place| place == 0).count() as f64;
        let room = 5.0 * (n * share * (1.0 - share)).sqrt();
        assert!((count - n * share).abs() < room, "{device:?}: {count}");
    }
}

/// Each of the small terms is lost beside the first one, all together are not.
#[test]
fn a_running_sum_carries_what_rounding_takes() {
    let first = 16_777_216f32;
    for n in [65_536usize, 300] {
        let mut data = vec![0.25f32; n];
        data[0] = first;
        for device in testing_devices() {
            for (rung, device) in rungs("cumsum", &device) {
                let x = Tensor::from_slice(&device, &data, &[n]).unwrap();
                let got = cumsum(&x, 0, false).unwrap().to_vec::<f32>().unwrap();
                for (i, got) in got.into_iter().enumerate().step_by(97) {
                    let want = first as f64 + 0.25 * i as f64;
                    // Within a tile of 256 the terms are added as they come.
                    let room = if i < 256 { 64.0 } else { 4.0 };
                    let off = (f64::from(got) - want).abs();
                    assert!(off <= room, "{device:?} {rung}: {got} at {i}, not {want}");
                }
            }
        }
    }
}

#[test]
fn the_largest_of_a_very_long_row() {
    // More rounds than a software adapter allows a kernel: the passes take several launches.
    let (n, k) = (1 << 21, 10);
    let mut data = vec![0f32; n];
    let want: Vec<u32> = (0..k as u32).map(|i| (i * 104_729 + 5) % n as u32).collect();
    for (i, &at) in (0..).zip(&want) {
        data[at as usize] = (k - i) as f32;
    }
    for device in testing_devices() {
        let x = Tensor::from_slice(&device, &data, &[n]).unwrap();
        let (values, places) = x.topk(k).unwrap();
        assert_eq!(places.to_vec::<u32>().unwrap(), want, "{device:?}");
        let values = values.to_vec::<f32>().unwrap();
        assert!(values.into_iter().eq((1..=k).rev().map(|x| x as f32)), "{device:?}");
    }
}

#[test]
fn pairs_that_do_not_fit_a_binding_leave_the_passes() {
    for device in testing_devices() {
        let most = device.info().caps.max_binding;
        if most > 1 << 28 {
            continue;
        }
        // Just above: padded to twice 2^16, and 8 bytes each.
        let width = (1 << 15) + 1;
        let rows = most / ((1 << 16) * 8) + 1;
        let x = Tensor::full(&device, &[rows, width], 1.0).unwrap();
        let (values, places) = x.topk(300).unwrap();
        assert!(values.to_vec::<f32>().unwrap().iter().all(|&x| x == 1.0), "{device:?}");
        let places = places.to_vec::<u32>().unwrap();
        assert!(places.chunks(300).all(|row| row.iter().copied().eq(0..300)), "{device:?}");
    }
}

/// What they write between their launches belongs to the recording.
#[test]
fn recorded_ops_find_what_is_there_at_the_replay() {
    for device in testing_devices() {
        let (n, k) = (1000, 40);
        let x = Tensor::zeros(&device, DType::F32, &[2, n]).unwrap();
        let at = Tensor::zeros(&device, DType::U32, &[n]).unwrap();
        let step = || {
            let (values, places) = x.topk(k)?;
            let sums = cumsum(&x, 1, false)?;
            let into = Tensor::zeros(&device, DType::F32, &[3])?;
            let row = x.narrow(0, 0, 1)?.reshape(&[n])?;
            Ok::<_, Error>((values, places, sums, into.scatter_add(0, &at, &row)?))
        };
        // Kernels are compiled before.
        step().unwrap();
        let ((values, places, sums, scattered), tape) = device.record(step).unwrap();
        for turn in 1..4usize {
            let data: Vec<f32> = (0..2 * n).map(|i| ((i * 7 * turn) % 1009) as f32).collect();
            x.write(&data).unwrap();
            at.write(&vec![(turn % 3) as u32; n]).unwrap();
            device.replay(&tape).unwrap();
            let wide = sample::widen(&data);
            let (want, order) = largest::topk(&wide, n, k);
            let order: Vec<u32> = order.into_iter().map(|i| i as u32).collect();
            assert_eq!(places.to_vec::<u32>().unwrap(), order, "{device:?} {turn}");
            assert_eq!(sample::widen(&values.to_vec().unwrap()), want, "{device:?} {turn}");
            let total: f64 = wide[..n].iter().sum();
            assert_eq!(f64::from(sums.to_vec::<f32>().unwrap()[n - 1]), total, "{device:?}");
            let mut want = [0f32; 3];
            want[turn % 3] = total as f32;
            assert_eq!(scattered.to_vec::<f32>().unwrap(), want, "{device:?} {turn}");
        }
        // Draws are the host's: recorded, they would be the same at every replay.
        for replacement in [true, false] {
            let text = device.record(|| x.multinomial(1, 1, replacement)).unwrap_err().to_string();
            assert!(text.contains("recording") || text.contains("recorded"), "{text}");
        }
        x.multinomial(1, 1, true).unwrap();
    }
}

#[test]
fn mistakes_are_errors() {
    for device in testing_devices() {
        let x = Tensor::ones(&device, &[2, 3]).unwrap();
        let none = Tensor::ones(&device, &[2, 0]).unwrap();
        let scalar = Tensor::ones(&device, &[]).unwrap();
        for (error, words) in [
            (x.cumsum(2).err(), "cumsum: there is no dimension 2"),
            (x.topk(4).err(), "topk: there are no 4 elements in a row of 3"),
            (scalar.topk(1).err(), "topk: needs a last dimension"),
            (x.multinomial(4, 0, false).err(), "4 draws without replacement from 3 places"),
            (none.multinomial(1, 0, true).err(), "needs a last dimension above 0"),
        ] {
            let text = error.expect("an error").to_string();
            assert!(text.contains(words), "{text}");
        }
        // Nothing asked for is nothing.
        assert_eq!(x.topk(0).unwrap().0.shape(), [2, 0]);
        assert_eq!(none.topk(0).unwrap().1.shape(), [2, 0]);
        assert_eq!(x.multinomial(0, 0, true).unwrap().shape(), [2, 0]);
        assert_eq!(x.multinomial(0, 0, false).unwrap().shape(), [2, 0]);
        assert_eq!(none.cumsum(1).unwrap().shape(), [2, 0]);
    }
}
