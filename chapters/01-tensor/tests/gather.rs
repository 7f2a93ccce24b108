//! Gather and scatter-add, on every rung: shapes, views, places that are not there, the same bits twice.
use proptest::prelude::*;
use strata_check::oracle::{copy as moved, pick};
use strata_check::{Check, Tolerance, sample};
use strata_device::{Device, testing::testing_devices};
use strata_shapes as shapes;
use strata_tensor::ops::{ladders, scatter_add_into};
use strata_tensor::{DType, Element, Error, Result, Tensor};

fn tensor<T: Element>(device: &Device, data: &[T], shape: &[usize]) -> Tensor {
    Tensor::from_slice(device, data, shape).unwrap()
}

/// The device, and the device with each rung of scatter-add that stands on it.
fn rungs(device: &Device) -> Vec<Device> {
    let ladder = ladders().into_iter().find(|l| l.op == "scatter_add").unwrap();
    let here = ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine()));
    let forced = here.map(|r| device.with_rung("scatter_add", r.name));
    [device.clone()].into_iter().chain(forced).collect()
}

fn taken(result: Result<Tensor>) -> Option<Vec<f32>> {
    match result {
        Err(Error::Device(strata_device::Error::UnknownRung { .. })) => None,
        other => Some(other.unwrap().to_vec().unwrap()),
    }
}

fn same(got: &[f32], want: &[f64]) -> bool {
    let close = |(&g, &w): (&f32, &f64)| {
        (g.is_nan() && w.is_nan()) || (f64::from(g) - w).abs() <= 1e-5 * w.abs().max(1.0)
    };
    got.len() == want.len() && got.iter().zip(want).all(close)
}

#[track_caller]
fn says<T>(result: Result<T>, words: &[&str]) {
    let Err(error) = result else { panic!("this should have been refused") };
    let text = error.to_string();
    words.iter().for_each(|word| assert!(text.contains(word), "{text:?} lacks {word:?}"));
}

#[test]
fn as_in_pytorch() {
    for device in testing_devices() {
        let x = tensor(&device, &[1f32, 2.0, 3.0, 4.0], &[2, 2]);
        let at = tensor(&device, &[0i32, 0, 1, 0], &[2, 2]);
        let got = x.gather(1, &at).unwrap();
        assert_eq!(got.to_vec::<f32>().unwrap(), [1.0, 1.0, 4.0, 3.0]);
        let got = x.gather(0, &at).unwrap();
        assert_eq!(got.to_vec::<f32>().unwrap(), [1.0, 2.0, 3.0, 2.0]);
        // scatter_add's own example.
        let src = tensor(&device, &[1f32; 10], &[2, 5]);
        let at = tensor(&device, &[0u32, 1, 2, 0, 0, 0, 1, 2, 2, 2], &[2, 5]);
        for device in rungs(&device) {
            let zeros = Tensor::zeros(&device, DType::F32, &[3, 5]).unwrap();
            let Some(got) = taken(zeros.scatter_add(0, &at, &src)) else { continue };
            let want = [2.0, 0.0, 0.0, 1.0, 1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 2.0, 1.0, 1.0];
            assert_eq!(got, want);
            // A shorter index leaves the rest alone.
            let one = at.narrow(0, 0, 1).unwrap();
            let got = taken(zeros.scatter_add(0, &one, &src)).unwrap();
            assert_eq!(got[..5], [1.0, 0.0, 0.0, 1.0, 1.0]);
            assert_eq!(got.iter().sum::<f32>(), 5.0);
        }
    }
}

#[test]
fn a_place_that_is_not_there() {
    let nan = f32::NAN;
    for device in testing_devices() {
        let at = tensor(&device, &[1i32, -1, 3, i32::MIN, i32::MAX, 0], &[6]);
        let x = tensor(&device, &[5f32, 6.0, 7.0], &[3]);
        let got = x.gather(0, &at).unwrap().to_vec::<f32>().unwrap();
        assert!(same(&got, &[6.0, nan, nan, nan, nan, 5.0].map(f64::from)), "{got:?}");
        let whole = tensor(&device, &[5i32, 6, 7], &[3]).gather(0, &at).unwrap();
        assert_eq!(whole.to_vec::<i32>().unwrap(), [6, -1, -1, -1, -1, 5]);
        let ids = tensor(&device, &[5u32, 6, 7], &[3]).gather(0, &at).unwrap();
        let none = u32::MAX;
        assert_eq!(ids.to_vec::<u32>().unwrap(), [6, none, none, none, none, 5]);
        let at = tensor(&device, &[2u32, u32::MAX, 3], &[3]);
        let got = x.gather(0, &at).unwrap().to_vec::<f32>().unwrap();
        assert!(same(&got, &[7.0, nan, nan].map(f64::from)));
        // A view of a larger buffer: what lies beside it is not read either.
        let view = x.narrow(0, 0, 2).unwrap();
        assert!(view.gather(0, &at).unwrap().to_vec::<f32>().unwrap().iter().all(|x| x.is_nan()));
        // Of nothing.
        let none = Tensor::zeros(&device, DType::F32, &[2, 0]).unwrap();
        let at = Tensor::zeros(&device, DType::U32, &[2, 3]).unwrap();
        assert!(none.gather(1, &at).unwrap().to_vec::<f32>().unwrap().iter().all(|x| x.is_nan()));
        assert_eq!(
            none.scatter_add(1, &at, &at.cast(DType::F32).unwrap()).unwrap().shape(),
            [2, 0]
        );
        let few = Tensor::zeros(&device, DType::U32, &[0, 3]).unwrap();
        assert_eq!(x.reshape(&[1, 3]).unwrap().gather(0, &few).unwrap().shape(), [0, 3]);
    }
}

#[test]
fn an_index_outside_makes_its_column_nan() {
    for device in testing_devices() {
        for (n, wrong) in [(6, 4), (3000, 1700)] {
            let mut ids: Vec<i32> = (0..2 * n).map(|i| i / 2 % 3).collect();
            ids[2 * wrong] = -1; // the first column's
            let ones = vec![1f32; ids.len()];
            for device in rungs(&device) {
                let x = tensor(&device, &[0f32; 6], &[3, 2]);
                let at = tensor(&device, &ids, &[n as usize, 2]);
                let src = tensor(&device, &ones, &[n as usize, 2]);
                let Some(got) = taken(x.scatter_add(0, &at, &src)) else { continue };
                let wide: Vec<i64> = ids.iter().map(|&i| i.into()).collect();
                let shape = [n as usize, 2];
                let want = pick::scatter_add(
                    &[0.0; 6],
                    &[3, 2],
                    0,
                    &wide,
                    &shape,
                    &sample::widen(&ones),
                    &shape,
                );
                assert!(want[0].is_nan() && same(&got, &want), "{got:?}, not {want:?}");
            }
        }
    }
}

#[test]
fn what_is_added_may_be_anything() {
    let (nan, inf) = (f32::NAN, f32::INFINITY);
    for device in testing_devices() {
        let x = tensor(&device, &[1.0, nan, inf, -inf, 0.0], &[5]);
        let at = tensor(&device, &[0u32, 0, 2, 3, 3, 4], &[6]);
        let src = tensor(&device, &[2.0, 3.0, -inf, -inf, 1.0, nan], &[6]);
        for device in rungs(&device) {
            let x = tensor(&device, &x.to_vec::<f32>().unwrap(), &[5]);
            let Some(got) = taken(x.scatter_add(0, &at, &src)) else { continue };
            assert_eq!((got[0], got[3]), (6.0, -inf), "{got:?}");
            assert!(got[1].is_nan() && got[2].is_nan() && got[4].is_nan(), "{got:?}");
        }
        // Nothing is added: the same bits, in memory of its own.
        let none = tensor::<u32>(&device, &[], &[0]);
        let copy = x.scatter_add(0, &none, &src).unwrap();
        assert!(!copy.buffer().same(x.buffer()));
        assert_eq!(copy.to_bytes().unwrap(), x.to_bytes().unwrap());
    }
}

#[test]
fn long_columns_have_the_same_bits_every_time() {
    // A million in one column is one launch of many pieces on a GPU, or many of one.
    for (shape, of) in
        [([1000, 1], [200_000, 1]), ([7, 3], [70_001, 2]), ([90_000, 1], [90_000, 1])]
    {
        let n = of[0] * of[1];
        let ids: Vec<u32> =
            (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 4) % shape[0] as u32).collect();
        let (data, add) = (sample::normal(1, shape[0] * shape[1]), sample::normal(2, n));
        let wide: Vec<i64> = ids.iter().map(|&i| i.into()).collect();
        let (x64, add64) = (sample::widen(&data), sample::widen(&add));
        let size = |x: &[f64]| x.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let want = pick::scatter_add(&x64, &shape, 0, &wide, &of, &add64, &of);
        let sizes = pick::scatter_add(&size(&x64), &shape, 0, &wide, &of, &size(&add64), &of);
        for device in testing_devices() {
            for device in rungs(&device) {
                let (x, at) = (tensor(&device, &data, &shape), tensor(&device, &ids, &of));
                let src = tensor(&device, &add, &of);
                let got = taken(x.scatter_add(0, &at, &src)).expect("every rung takes it");
                let rule = Tolerance::sum(n / shape[0] + 1, sizes.clone());
                let check = Check::new("scatter_add", "any").device(device.info().label());
                check.output("out", &shape).compare(&got, &want, &rule).unwrap();
                let again = x.scatter_add(0, &at, &src).unwrap().to_vec::<f32>().unwrap();
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&got), bits(&again), "{device:?}");
            }
        }
    }
}

#[test]
fn bad_calls_name_the_op_and_the_shapes() {
    for device in testing_devices() {
        let zeros = |dtype, shape: &[usize]| Tensor::zeros(&device, dtype, shape).unwrap();
        let x = zeros(DType::F32, &[3, 4]);
        let at = zeros(DType::I32, &[3, 2]);
        says(x.gather(2, &at), &["gather", "dimension 2", "[3, 4]"]);
        says(x.gather(1, &zeros(DType::I32, &[3])), &["gather", "[3, 4]", "[3]", "dimensions"]);
        says(x.gather(1, &zeros(DType::I32, &[4, 2])), &["gather", "[4, 2]", "dimension 0"]);
        says(x.gather(1, &x), &["gather", "i32 or u32", "f32", "cast"]);
        says(zeros(DType::F32, &[]).gather(0, &zeros(DType::I32, &[])), &["gather", "dimension 0"]);
        let src = zeros(DType::F32, &[3, 2]);
        says(x.scatter_add(5, &at, &src), &["scatter_add", "dimension 5"]);
        says(
            x.scatter_add(1, &at, &zeros(DType::F32, &[3, 1])),
            &["scatter_add", "[3, 1]", "[3, 2]"],
        );
        says(x.scatter_add(1, &at, &zeros(DType::F32, &[3])), &["scatter_add", "[3]", "[3, 2]"]);
        says(x.scatter_add(0, &zeros(DType::U32, &[9, 5]), &src), &["scatter_add", "[9, 5]"]);
        says(x.scatter_add(1, &at, &at), &["scatter_add", "floats", "i32", "cast"]);
        says(at.scatter_add(1, &at, &src), &["scatter_add", "floats", "i32", "cast"]);
        says(
            scatter_add_into(&x.t().unwrap(), 0, &at.t().unwrap(), &src.t().unwrap()),
            &["scatter_add", "contiguous"],
        );
        says(scatter_add_into(&src, 1, &at, &src), &["scatter_add"]);
        // Long enough for the second rung, whose launches read and write it apart.
        let long = Tensor::ones(&device, &[1000]).unwrap();
        let at_first = Tensor::zeros(&device, DType::U32, &[1000]).unwrap();
        says(scatter_add_into(&long, 0, &at_first, &long), &["scatter_add", "copy"]);
        scatter_add_into(&x, 1, &at, &src).unwrap();
    }
}

/// A shape, a dimension of it, and the index's shape: as long or shorter in the others, any in that one.
fn picked() -> impl Strategy<Value = (Vec<usize>, usize, Vec<usize>)> {
    (shapes::full_shape(4, 17, 400), any::<prop::sample::Index>(), shapes::length_or_empty(65))
        .prop_flat_map(|(shape, d, n)| {
            let d = d.index(shape.len());
            let lens = shape.iter().enumerate().map(|(e, &s)| if e == d { n..=n } else { 1..=s });
            (Just(shape.clone()), Just(d), lens.collect::<Vec<_>>())
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_shapes_and_views((shape, d, of) in picked(), seed in any::<u64>(), turned: bool, signed: bool) {
        let (n, k): (usize, usize) = (shape.iter().product(), of.iter().product());
        // One beyond either end now and then.
        let beyond = i64::from(seed % 3 == 0);
        let spread = shape[d] as u32 + 2 * beyond as u32;
        let ids: Vec<i64> =
            sample::tokens(seed, k, spread).iter().map(|&i| i64::from(i) - beyond).collect();
        let longer: Vec<usize> = of.iter().map(|n| n + (seed % 2) as usize).collect();
        let (data, add) = (sample::normal(seed, n), sample::normal(seed ^ 1, longer.iter().product()));
        let (x64, add64) = (sample::widen(&data), sample::widen(&add));
        let back: Vec<usize> = (0..shape.len()).rev().collect();
        let (want_g, want_s) = (
            pick::gather(&x64, &shape, d, &ids, &of, f64::NAN),
            pick::scatter_add(&x64, &shape, d, &ids, &of, &add64, &longer),
        );
        let (e, want_g, want_s) = match turned {
            true => (
                shape.len() - 1 - d,
                moved::permute(&want_g, &of, &back),
                moved::permute(&want_s, &shape, &back),
            ),
            false => (d, want_g, want_s),
        };
        for device in testing_devices().iter().flat_map(rungs) {
            let at = match signed {
                true => tensor(&device, &ids.iter().map(|&i| i as i32).collect::<Vec<_>>(), &of),
                false => tensor(&device, &ids.iter().map(|&i| i as u32).collect::<Vec<_>>(), &of),
            };
            let all = [tensor(&device, &data, &shape), at, tensor(&device, &add, &longer)];
            let [x, at, src] = all.map(|t| if turned { t.permute(&back).unwrap() } else { t });
            let got = x.gather(e, &at).unwrap().to_vec::<f32>().unwrap();
            prop_assert!(same(&got, &want_g), "{got:?}, not {want_g:?}");
            let Some(got) = taken(x.scatter_add(e, &at, &src)) else { continue };
            prop_assert!(same(&got, &want_s), "{got:?}, not {want_s:?}");
        }
    }
}

#[test]
fn a_column_of_one_may_have_no_stride() {
    for device in testing_devices() {
        let one = |x: f32| tensor(&device, &[x], &[1]).broadcast_to(&[1, 1]).unwrap();
        let (out, src) = (one(2.0), one(3.0));
        let at = tensor(&device, &[0u32], &[1]).broadcast_to(&[1, 1]).unwrap();
        for d in [0, 1] {
            scatter_add_into(&out, d, &at, &src).unwrap();
        }
        assert_eq!(out.to_vec::<f32>().unwrap(), [8.0]);
    }
}
