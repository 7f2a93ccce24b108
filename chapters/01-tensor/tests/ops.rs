//! Every op, on every device that is here, on every rung, against the float64 oracle.
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use strata_check::oracle::{map as scalar, reduce as sums, zip as pairs};
use strata_check::{Check, Tolerance, sample};
use strata_device::{Device, Machine, testing::testing_devices};
use strata_shapes as shapes;
use strata_tensor::ops::{Map, Reduce, Zip, accumulate, map, reduce, zip};
use strata_tensor::{Error, Layout, Result, Tensor};

const PAGE: &str = "book/src/01-tensor.md";

fn check(op: &str, rung: &str, device: &Device, got: &Tensor, want: &[f64], rule: &Tolerance) {
    let verdict = Check::new(op, rung)
        .device(device.info().label())
        .output("out", got.shape())
        .page(PAGE)
        .compare(&got.to_vec::<f32>().unwrap(), want, rule);
    if let Err(report) = verdict {
        panic!("{report}");
    }
}

/// The op's rungs on this device's machine.
fn rungs(op: &str, device: &Device) -> Vec<&'static str> {
    let ladder = strata_tensor::ops::ladders().into_iter().find(|l| l.op == op).unwrap();
    let here = |r: &strata_device::RungInfo| r.machines.contains(&device.machine());
    ladder.rungs.iter().filter(|r| here(r)).map(|r| r.name).collect()
}

/// The result, or `None` where the forced rung does not take these arguments.
fn taken(result: Result<Tensor>) -> Option<Tensor> {
    match result {
        Err(Error::Device(strata_device::Error::UnknownRung { .. })) => None,
        other => Some(other.unwrap()),
    }
}

/// Runs `case` for shapes that `strategy` draws: many on the CPU, some on slow devices.
fn cases<S: Strategy>(device: &Device, strategy: S, case: impl Fn(S::Value)) {
    let cases = if device.machine() == Machine::Cpu { 48 } else { 12 };
    let mut runner = TestRunner::new(ProptestConfig { cases, ..ProptestConfig::default() });
    let run = runner.run(&strategy, |value| {
        case(value);
        Ok(())
    });
    if let Err(error) = run {
        panic!("{error}");
    }
}

/// What each function may be off by, as (atol, rtol), for |x| up to 8.
///
/// The CPU's and CUDA's libraries are good to a few units in the last place (6e-8 relative each);
/// a fused multiply-add rounds once where Rust rounds twice. WGSL promises less:
/// <https://www.w3.org/TR/WGSL/#floating-point-accuracy>.
fn tolerance(machine: Machine, op: Map) -> Tolerance {
    let (atol, rtol) = match (machine, op) {
        (Machine::Wgpu, Map::Exp) => (0.0, 3e-6), // 3 + 2 |x| units
        (Machine::Wgpu, Map::Sigmoid) => (0.0, 4e-6), // from exp, and a division of 2.5 units
        (Machine::Wgpu, Map::Log) => (5e-7, 1e-6), // 2^-21 between 0.5 and 2
        (Machine::Wgpu, Map::Sin | Map::Cos) => (5e-4, 0.0), // 2^-11
        (Machine::Wgpu, Map::Pow) => (0.0, 1e-5), // exp2(y log2(x))
        (_, Map::Affine) => (1e-6, 1e-6),
        _ => (1e-7, 1e-6),
    };
    Tolerance::close(atol, rtol)
}

type Function = Box<dyn Fn(f64) -> f64>;

fn maps() -> Vec<(Map, Function)> {
    vec![
        (Map::Affine, Box::new(scalar::affine(1.5, -0.25))),
        (Map::Exp, Box::new(scalar::exp)),
        (Map::Log, Box::new(scalar::log)),
        (Map::Sqrt, Box::new(scalar::sqrt)),
        (Map::Tanh, Box::new(scalar::tanh)),
        (Map::Relu, Box::new(scalar::relu)),
        (Map::Sigmoid, Box::new(scalar::sigmoid)),
        (Map::Abs, Box::new(scalar::abs)),
        (Map::Recip, Box::new(scalar::recip)),
        (Map::Square, Box::new(scalar::square)),
        (Map::Pow, Box::new(scalar::powf(1.5))),
        (Map::Sin, Box::new(scalar::sin)),
        (Map::Cos, Box::new(scalar::cos)),
        (Map::Clamp, Box::new(|x| x.clamp(1.5, 2.5))),
        (Map::Step, Box::new(|x| f64::from(u8::from(x > 1.5)))),
        (Map::IsNan, Box::new(|x| f64::from(u8::from(x.is_nan())))),
    ]
}

fn positive_only(op: Map) -> bool {
    matches!(op, Map::Log | Map::Sqrt | Map::Pow)
}

fn parameters(op: Map) -> (f32, f32) {
    match op {
        Map::Affine => (1.5, -0.25),
        Map::Clamp => (1.5, 2.5),
        _ => (1.5, 0.0),
    }
}

#[test]
fn maps_of_any_view() {
    for device in testing_devices() {
        for (op, f) in maps() {
            cases(&device, (shapes::view(4, 33, 600), any::<u64>()), |(view, seed)| {
                let low = if positive_only(op) { 0.01 } else { -8.0 };
                let data = sample::uniform(seed, view.storage, low, 8.0);
                let base = Tensor::from_slice(&device, &data, &[view.storage]).unwrap();
                let layout =
                    Layout { shape: view.shape, strides: view.strides, offset: view.offset };
                let x = Tensor::from_buffer(base.buffer().clone(), base.dtype(), layout).unwrap();
                let (alpha, beta) = parameters(op);
                let got = map(op, &x, alpha, beta).unwrap();
                let want = scalar::map(&sample::widen(&x.to_vec().unwrap()), &f);
                let rule = tolerance(device.machine(), op);
                check(&format!("map {op:?}"), "1_naive", &device, &got, &want, &rule);
            });
        }
    }
}

#[test]
fn functions_at_their_edges() {
    let inf = f32::INFINITY;
    let nan = f32::NAN;
    #[rustfmt::skip]
    let table: &[(Map, &[(f32, f32)])] = &[
        (Map::Exp, &[(-200., 0.), (200., inf), (0., 1.), (nan, nan), (-inf, 0.), (inf, inf)]),
        (Map::Log, &[(0., -inf), (-1., nan), (1., 0.), (inf, inf), (nan, nan)]),
        (Map::Sqrt, &[(0., 0.), (-1., nan), (inf, inf), (nan, nan)]),
        (Map::Tanh, &[(0., 0.), (50., 1.), (-50., -1.), (1e30, 1.), (-1e30, -1.), (inf, 1.), (-inf, -1.), (nan, nan), (1e-20, 1e-20)]),
        (Map::Sigmoid, &[(0., 0.5), (200., 1.), (-200., 0.), (inf, 1.), (-inf, 0.), (nan, nan)]),
        (Map::Relu, &[(-3., 0.), (3., 3.), (-inf, 0.), (inf, inf), (nan, nan)]),
        (Map::Clamp, &[(-3., 1.5), (2., 2.), (9., 2.5), (inf, 2.5), (-inf, 1.5), (nan, nan)]),
        (Map::Step, &[(1.5, 0.), (1.6, 1.), (inf, 1.), (nan, 0.)]),
        (Map::Abs, &[(-inf, inf), (-2., 2.), (nan, nan)]),
        (Map::Recip, &[(inf, 0.), (0.5, 2.), (nan, nan)]),
        (Map::Square, &[(-3., 9.), (1e30, inf), (nan, nan)]),
        (Map::Affine, &[(2., 2.75), (inf, inf), (nan, nan)]),
    ];
    for device in testing_devices() {
        for (op, rows) in table {
            let x: Vec<f32> = rows.iter().map(|r| r.0).collect();
            let (alpha, beta) = parameters(*op);
            let x = Tensor::from_slice(&device, &x, &[x.len()]).unwrap();
            let got = map(*op, &x, alpha, beta).unwrap().to_vec::<f32>().unwrap();
            for ((x, want), got) in rows.iter().zip(&got) {
                let same = (got.is_nan() && want.is_nan())
                    || got == want
                    || (got - want).abs() <= 1e-6 * want.abs();
                assert!(same, "{op:?}({x}) = {got}, not {want}, on {device:?}");
            }
        }
    }
}

/// sin and cos far from 0: an angle is turned back before WGSL's function sees it.
#[test]
fn large_angles() {
    let x: Vec<f32> = (0..200).map(|i| (i - 100) as f32 * 9.7).collect();
    for device in testing_devices() {
        let t = Tensor::from_slice(&device, &x, &[x.len()]).unwrap();
        let rule =
            Tolerance::close(if device.machine() == Machine::Wgpu { 6e-4 } else { 1e-6 }, 0.0);
        let wide = sample::widen(&x);
        check("sin", "1_naive", &device, &t.sin().unwrap(), &scalar::map(&wide, f64::sin), &rule);
        check("cos", "1_naive", &device, &t.cos().unwrap(), &scalar::map(&wide, f64::cos), &rule);
    }
}

fn zips() -> Vec<(Zip, pairs::Function)> {
    vec![
        (Zip::Add, pairs::add),
        (Zip::Sub, pairs::sub),
        (Zip::Mul, pairs::mul),
        (Zip::Div, pairs::div),
        (Zip::Max, pairs::max),
        (Zip::Min, pairs::min),
        (Zip::Pow, pairs::pow),
        (Zip::Eq, |a, b| f64::from(u8::from(a == b))),
        (Zip::Gt, |a, b| f64::from(u8::from(a > b))),
        (Zip::Keep, |a, b| if b == 0.0 { 0.0 } else { a }),
        (Zip::Ne, |a, b| f64::from(u8::from(a != b))),
        (Zip::Lt, |a, b| f64::from(u8::from(a < b))),
        (Zip::Le, |a, b| f64::from(u8::from(a <= b))),
        (Zip::Ge, |a, b| f64::from(u8::from(a >= b))),
    ]
}

#[test]
fn zips_of_shapes_that_broadcast() {
    for device in testing_devices() {
        for (op, f) in zips() {
            let drawn = (shapes::broadcast_pair(4, 33, 600), any::<u64>());
            cases(&device, drawn, |((left, right), seed)| {
                // Coarse numbers, so that some are equal; positive, so that powers exist.
                let draw = |seed, shape: &[usize]| -> Vec<f32> {
                    let n = shape.iter().product();
                    sample::uniform(seed, n, 1.0, 9.0).iter().map(|x| x.floor() / 2.0).collect()
                };
                let (a, b) = (draw(seed, &left), draw(seed.wrapping_add(1), &right));
                let x = Tensor::from_slice(&device, &a, &left).unwrap();
                let y = Tensor::from_slice(&device, &b, &right).unwrap();
                let want = pairs::zip(&sample::widen(&a), &left, &sample::widen(&b), &right, f);
                let got = zip(op, &x, &y).unwrap();
                let shape = pairs::broadcast_shape(&left, &right).unwrap();
                assert_eq!(got.shape(), shape);
                let rtol = if op == Zip::Pow { 1e-5 } else { 3e-7 };
                check(op.name(), "1_naive", &device, &got, &want, &Tolerance::close(0.0, rtol));
            });
        }
    }
}

#[test]
fn zips_of_views_and_of_a_tensor_with_itself() {
    for device in testing_devices() {
        let x = Tensor::from_slice(&device, &sample::normal(5, 35), &[5, 7]).unwrap();
        let turned = x.t().unwrap();
        let both = turned.add(&turned).unwrap();
        assert_eq!(
            both.to_vec::<f32>().unwrap(),
            turned.affine(2.0, 0.0).unwrap().to_vec().unwrap()
        );
        // A row from the middle of a matrix, added to every row of a transposed one.
        let row = x.select(1, 3).unwrap();
        let got = turned.sub(&row).unwrap();
        let (a, r) = (turned.to_vec::<f32>().unwrap(), row.to_vec::<f32>().unwrap());
        let want: Vec<f32> = a.iter().enumerate().map(|(i, a)| a - r[i % 5]).collect();
        assert_eq!(got.to_vec::<f32>().unwrap(), want, "{device:?}");
    }
}

#[test]
fn nan_spreads_through_pairs_and_reductions() {
    let nan = f32::NAN;
    let bits = |t: Tensor| t.to_vec::<f32>().unwrap();
    for device in testing_devices() {
        let t = |x: &[f32]| Tensor::from_slice(&device, x, &[x.len()]).unwrap();
        let (a, b) = (t(&[nan, 1., nan, 2., 3.]), t(&[1., nan, nan, 3., 2.]));
        for (got, want) in [(a.maximum(&b), [3., 3.]), (a.minimum(&b), [2., 2.])] {
            let got = bits(got.unwrap());
            assert!(got[..3].iter().all(|x| x.is_nan()) && got[3..] == want, "{got:?} {device:?}");
        }
        assert_eq!(bits(a.eq(&b).unwrap()), [0.; 5], "{device:?}");
        assert_eq!(bits(a.gt(&b).unwrap()), [0., 0., 0., 0., 1.], "{device:?}");
        // In a short row and in one long enough for the tree, at the front, in the middle, at the end.
        for (k, at) in [(5, 0), (5, 4), (300, 0), (300, 150), (300, 299), (40_000, 12_345)] {
            let mut x = sample::normal(k as u64, 2 * k);
            x[at] = nan;
            let x = Tensor::from_slice(&device, &x, &[2, k]).unwrap();
            for op in [Reduce::Sum, Reduce::Max, Reduce::Min] {
                let got = bits(reduce(op, &x, &[1], false, 1.0).unwrap());
                assert!(got[0].is_nan() && !got[1].is_nan(), "{op:?} {k} {at}: {got:?} {device:?}");
                let got = bits(
                    reduce(op, &x.t().unwrap().contiguous().unwrap(), &[0], false, 1.0).unwrap(),
                );
                assert!(got[0].is_nan() && !got[1].is_nan(), "{op:?} {k} {at}: {got:?} {device:?}");
            }
            assert_eq!(x.argmax().unwrap().to_vec::<u32>().unwrap()[0], at as u32, "{device:?}");
        }
    }
}

/// Reduces on every rung that takes the arguments, and compares.
fn reduces(device: &Device, data: &[f32], shape: &[usize], dims: &[usize]) {
    let wide = sample::widen(data);
    for rung in rungs("reduce", device) {
        let handle = device.with_rung("reduce", rung);
        let x = Tensor::from_slice(&handle, data, shape).unwrap();
        for op in [Reduce::Sum, Reduce::Max, Reduce::Min] {
            let Some(got) = taken(reduce(op, &x, dims, false, 0.5)) else { continue };
            let (want, rule) = match op {
                Reduce::Sum => {
                    let terms = sums::terms(shape, dims);
                    let magnitudes = sums::sum_abs(&wide, shape, dims).into_iter().map(|m| m / 2.0);
                    let rule = Tolerance::sum(terms, magnitudes.collect());
                    (sums::sum(&wide, shape, dims), rule)
                }
                Reduce::Max => (sums::max(&wide, shape, dims), Tolerance::Exact),
                Reduce::Min => (sums::min(&wide, shape, dims), Tolerance::Exact),
            };
            let want: Vec<f64> = want.iter().map(|x| x / 2.0).collect();
            check(&format!("reduce {op:?}"), rung, device, &got, &want, &rule);
            let again = reduce(op, &x, dims, false, 0.5).unwrap().to_vec::<f32>().unwrap();
            let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&again), bits(&got.to_vec().unwrap()), "not the same bits twice");
        }
    }
}

#[test]
fn reductions_over_any_dimensions() {
    for device in testing_devices() {
        let drawn = (shapes::shape(4, 33, 800), any::<u8>(), any::<u64>());
        cases(&device, drawn, |(shape, mask, seed)| {
            let dims: Vec<usize> = (0..shape.len()).filter(|d| mask >> d & 1 == 1).collect();
            let data = sample::normal(seed, shape.iter().product());
            reduces(&device, &data, &shape, &dims);
        });
    }
}

#[test]
fn reductions_large_enough_for_every_path() {
    // Rows, columns, everything, few columns, many columns, the middle of three dimensions, and sums
    // split into parts.
    for (shape, dims) in [
        (&[3, 200][..], &[1][..]),
        (&[200, 3], &[0]),
        (&[130, 70], &[0]),
        (&[70, 130], &[0, 1]),
        (&[5, 100, 40], &[1]),
        (&[40, 5, 70], &[0, 2]),
        (&[100_003], &[0]),
        (&[20_000, 5], &[0]),
        (&[5, 20_000], &[1]),
        (&[3000, 33], &[0]),
    ] {
        let data = sample::uniform(7, shape.iter().product(), -1.0, 2.0);
        for device in testing_devices() {
            reduces(&device, &data, shape, dims);
        }
    }
}

#[test]
fn long_sums_of_one_sign_stay_exact() {
    // A running f32 total of this would be off by a percent.
    let n = 1 << 20;
    for device in testing_devices() {
        let x = Tensor::full(&device, &[n], 0.1).unwrap();
        let sum = x.sum_all().unwrap().item::<f32>().unwrap();
        let want = n as f64 * f64::from(0.1f32);
        assert!((f64::from(sum) - want).abs() < 1e-4 * want, "{sum} for {want} on {device:?}");
    }
}

#[test]
fn reductions_of_strided_views_keep_or_drop_dimensions() {
    for device in testing_devices() {
        let x = Tensor::arange(&device, 60).unwrap().reshape(&[3, 4, 5]).unwrap();
        let view = x.permute(&[2, 0, 1]).unwrap().narrow(0, 1, 3).unwrap(); // [3, 3, 4]
        assert_eq!(view.sum(&[0], true).unwrap().shape(), [1, 3, 4]);
        assert_eq!(view.mean(&[2, 0], true).unwrap().shape(), [1, 3, 1]);
        let means = view.mean(&[2, 0], false).unwrap().to_vec::<f32>().unwrap();
        assert_eq!(means, [9.5, 29.5, 49.5], "{device:?}");
        assert_eq!(view.sum(&[], false).unwrap().to_vec::<f32>().unwrap(), view.to_vec().unwrap());
        let wide = x.select(2, 0).unwrap().unsqueeze(2).unwrap().broadcast_to(&[3, 4, 7]).unwrap();
        let got = wide.sum(&[2], false).unwrap().to_vec::<f32>().unwrap();
        let want: Vec<f32> = (0..12).map(|i| 35.0 * i as f32).collect();
        assert_eq!(got, want, "{device:?}");
    }
}

#[test]
fn argmax_takes_the_first_of_equals() {
    for device in testing_devices() {
        cases(&device, (shapes::full_shape(3, 70, 600), any::<u64>()), |(shape, seed)| {
            let data: Vec<f32> =
                sample::normal(seed, shape.iter().product()).iter().map(|x| x.round()).collect();
            let last = shape.len() - 1;
            let want = sums::argmax(&sample::widen(&data), &shape, &[last]);
            for rung in rungs("argmax", &device) {
                let x =
                    Tensor::from_slice(&device.with_rung("argmax", rung), &data, &shape).unwrap();
                let Some(got) = taken(x.argmax()) else { continue };
                let got = got.to_vec::<u32>().unwrap();
                assert!(
                    got.iter().map(|&i| i as usize).eq(want.iter().copied()),
                    "{rung} {device:?}"
                );
            }
        });
        // GPT-2's vocabulary, with two equals far apart.
        let mut long = sample::uniform(3, 50_257, 0.0, 1.0);
        (long[40_001], long[50_000]) = (2.0, 2.0);
        let long = Tensor::from_slice(&device, &long, &[1, 50_257]).unwrap();
        assert_eq!(long.argmax().unwrap().to_vec::<u32>().unwrap(), [40_001], "{device:?}");
        let x = Tensor::from_slice(&device, &[f32::NEG_INFINITY; 4], &[2, 2]).unwrap();
        assert_eq!(x.t().unwrap().argmax().unwrap().to_vec::<u32>().unwrap(), [0, 0]);
    }
}

#[test]
fn accumulate_adds_in_place() {
    for device in testing_devices() {
        for n in [1, 3, 255, 256, 257, 70_000] {
            let (a, b) = (sample::normal(1, n), sample::normal(2, n));
            let out = Tensor::from_slice(&device, &a, &[n]).unwrap();
            accumulate(&out, &Tensor::from_slice(&device, &b, &[n]).unwrap(), -0.5).unwrap();
            let want: Vec<f64> =
                a.iter().zip(&b).map(|(a, b)| f64::from(*a) - 0.5 * f64::from(*b)).collect();
            check("accumulate", "1_naive", &device, &out, &want, &Tolerance::close(1e-6, 1e-6));
        }
        // Into a view at a 256-byte offset, as gradients lie in their arena; a strided input is fine.
        let arena = Tensor::zeros(&device, strata_tensor::DType::F32, &[128]).unwrap();
        let view = arena.narrow(0, 64, 6).unwrap().reshape(&[3, 2]).unwrap();
        let x = Tensor::arange(&device, 6).unwrap().reshape(&[2, 3]).unwrap().t().unwrap();
        accumulate(&view, &x, 1.0).unwrap();
        accumulate(&view, &x, 1.0).unwrap();
        let all = arena.to_vec::<f32>().unwrap();
        assert_eq!(all[64..70], [0., 6., 2., 8., 4., 10.], "{device:?}");
        assert!(all[..64].iter().chain(&all[70..]).all(|&x| x == 0.0), "{device:?}");
    }
}
