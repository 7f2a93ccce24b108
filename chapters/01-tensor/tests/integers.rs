//! Arithmetic and comparison of integers: the same words on every device, at the ends of the range too.
use proptest::prelude::*;
use strata_check::oracle::{integer, zip as pairs};
use strata_device::{Device, testing::testing_devices};
use strata_shapes as shapes;
use strata_tensor::ops::{Zip, zip};
use strata_tensor::{DType, Element, Result, Tensor};

type Function = fn(i64, i64, bool) -> i64;

const ZIPS: [(Zip, Function); 14] = [
    (Zip::Add, integer::add),
    (Zip::Sub, integer::sub),
    (Zip::Mul, integer::mul),
    (Zip::Div, integer::div),
    (Zip::Max, |a, b, _| a.max(b)),
    (Zip::Min, |a, b, _| a.min(b)),
    (Zip::Eq, |a, b, _| i64::from(a == b)),
    (Zip::Gt, |a, b, _| i64::from(a > b)),
    (Zip::Keep, |a, b, _| if b == 0 { 0 } else { a }),
    (Zip::Ne, |a, b, _| i64::from(a != b)),
    (Zip::Lt, |a, b, _| i64::from(a < b)),
    (Zip::Le, |a, b, _| i64::from(a <= b)),
    (Zip::Ge, |a, b, _| i64::from(a >= b)),
    (Zip::Rem, integer::rem),
];

/// The ends of both ranges, small numbers of both signs, and words that are subnormal or NaN as f32.
const WORDS: [u32; 20] = [
    0,
    1,
    2,
    3,
    7,
    10,
    u32::MAX,
    u32::MAX - 1,
    u32::MAX - 6,
    u32::MAX - 9,
    1 << 31,
    (1 << 31) + 1,
    (1 << 31) - 1,
    1 << 16,
    65_537,
    1 << 20,
    0x007f_ffff,
    0x7f80_0001,
    0x7fc0_0000,
    0xff80_0000,
];

fn tensor(device: &Device, words: &[u32], shape: &[usize], signed: bool) -> Tensor {
    let signed_words: Vec<i32> = words.iter().map(|&w| w as i32).collect();
    match signed {
        true => Tensor::from_slice(device, &signed_words, shape).unwrap(),
        false => Tensor::from_slice(device, words, shape).unwrap(),
    }
}

fn wide(words: &[u32], signed: bool) -> Vec<f64> {
    words.iter().map(|&w| integer::wrap(w.into(), signed) as f64).collect()
}

fn read(x: &Tensor) -> Vec<f64> {
    match x.dtype() {
        DType::I32 => x.to_vec::<i32>().unwrap().into_iter().map(f64::from).collect(),
        DType::U32 => x.to_vec::<u32>().unwrap().into_iter().map(f64::from).collect(),
        _ => x.to_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
    }
}

#[test]
fn every_pair_of_special_words() {
    let n = WORDS.len();
    for device in testing_devices() {
        for signed in [false, true] {
            let a = tensor(&device, &WORDS, &[n, 1], signed);
            let b = tensor(&device, &WORDS, &[n], signed);
            for (op, f) in ZIPS {
                let got = zip(op, &a, &b).unwrap();
                let own = if op.compares() { DType::F32 } else { a.dtype() };
                assert_eq!((got.dtype(), got.shape()), (own, &[n, n][..]));
                for (i, got) in read(&got).into_iter().enumerate() {
                    let [x, y] = [i / n, i % n].map(|i| integer::wrap(WORDS[i].into(), signed));
                    let want = f(x, y, signed) as f64;
                    assert_eq!(got, want, "{} of {x} and {y} on {device:?}", op.name());
                }
            }
        }
    }
}

#[test]
fn what_has_no_quotient() {
    for device in testing_devices() {
        let of = |data: &[i32]| Tensor::from_slice(&device, data, &[data.len()]).unwrap();
        let (a, b) = (of(&[7, -7, i32::MIN, i32::MIN, 0]), of(&[0, 0, -1, 0, 0]));
        assert_eq!(a.div(&b).unwrap().to_vec::<i32>().unwrap(), [7, -7, i32::MIN, i32::MIN, 0]);
        assert_eq!(a.rem(&b).unwrap().to_vec::<i32>().unwrap(), [0; 5]);
        let (a, b) = (of(&[7, -7, 7, -7]), of(&[2, 2, -2, -2]));
        assert_eq!(a.div(&b).unwrap().to_vec::<i32>().unwrap(), [3, -3, -3, 3]);
        assert_eq!(a.rem(&b).unwrap().to_vec::<i32>().unwrap(), [1, -1, 1, -1]);
        let of = |data: &[u32]| Tensor::from_slice(&device, data, &[data.len()]).unwrap();
        let (a, b) = (of(&[u32::MAX, 5]), of(&[0, 0]));
        assert_eq!(a.div(&b).unwrap().to_vec::<u32>().unwrap(), [u32::MAX, 5]);
        assert_eq!(a.rem(&b).unwrap().to_vec::<u32>().unwrap(), [0, 0]);
    }
}

#[test]
fn ids_are_asked_for_one_number() {
    for device in testing_devices() {
        let ids = Tensor::from_slice(&device, &[3u32, 1, 3, 7], &[2, 2]).unwrap();
        let three = Tensor::from_slice(&device, &[3u32], &[]).unwrap();
        let says = |x: Result<Tensor>| x.unwrap().to_vec::<f32>().unwrap();
        assert_eq!(says(ids.eq(&three)), [1.0, 0.0, 1.0, 0.0]);
        assert_eq!(says(ids.ne(&three)), [0.0, 1.0, 0.0, 1.0]);
        assert_eq!(says(ids.lt(&three)), [0.0, 1.0, 0.0, 0.0]);
        assert_eq!(says(ids.le(&three)), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(says(ids.gt(&three)), [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(says(ids.ge(&three)), [1.0, 0.0, 1.0, 1.0]);
        assert_eq!(says(ids.t().unwrap().eq(&ids)), [1.0, 0.0, 0.0, 1.0]);
    }
}

#[test]
fn of_floats_too_only_ne_is_true_of_nan() {
    let inf = f32::INFINITY;
    let values = [f32::NAN, -f32::NAN, 0.0, -0.0, 1.0, -1.0, inf, -inf];
    let n = values.len();
    for device in testing_devices() {
        let x = Tensor::from_slice(&device, &values, &[n]).unwrap();
        let column = x.reshape(&[n, 1]).unwrap();
        let asked: [(Result<Tensor>, fn(f32, f32) -> bool); 6] = [
            (column.eq(&x), |a, b| a == b),
            (column.ne(&x), |a, b| a != b),
            (column.lt(&x), |a, b| a < b),
            (column.le(&x), |a, b| a <= b),
            (column.gt(&x), |a, b| a > b),
            (column.ge(&x), |a, b| a >= b),
        ];
        for (q, (got, want)) in asked.into_iter().enumerate() {
            for (i, got) in got.unwrap().to_vec::<f32>().unwrap().into_iter().enumerate() {
                let (a, b) = (values[i / n], values[i % n]);
                assert_eq!(got, f32::from(u8::from(want(a, b))), "{q}: {a}, {b} on {device:?}");
            }
        }
        let nan = x.isnan().unwrap().to_vec::<f32>().unwrap();
        assert_eq!(nan, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }
}

#[test]
fn nan_is_told_whatever_its_bits() {
    let bits = [0x7f80_0001u32, 0xff80_0001, 0x7fc0_0000, 0xffff_ffff, 0x7f80_0000, 0xff80_0000, 1];
    let values = bits.map(f32::from_bits);
    for device in testing_devices() {
        let x = Tensor::from_slice(&device, &values, &[7]).unwrap();
        let got = x.isnan().unwrap().to_vec::<f32>().unwrap();
        assert_eq!(got, [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0], "{device:?}");
        let view = x.reshape(&[7, 1]).unwrap().broadcast_to(&[7, 3]).unwrap();
        let sum = view.isnan().unwrap().sum_all().unwrap();
        assert_eq!(sum.item::<f32>().unwrap(), 12.0);
    }
}

#[test]
fn dtypes_that_do_not_meet_say_what_to_do() {
    for device in testing_devices() {
        let zeros = |dtype| Tensor::zeros(&device, dtype, &[2]).unwrap();
        let [f, i, u, h] = [DType::F32, DType::I32, DType::U32, DType::BF16].map(zeros);
        let cases = [
            (i.add(&u), "add takes i32 beside i32, got u32; convert with `cast`"),
            (u.eq(&i), "eq takes u32 beside u32, got i32; convert with `cast`"),
            (u.div(&f), "div takes u32 beside u32, got f32; convert with `cast`"),
            (f.lt(&u), "lt takes f32 beside f32, got u32; convert with `cast`"),
            (f.rem(&f), "rem takes i32 or u32, got f32; convert with `cast`"),
            (h.rem(&i), "rem takes i32 or u32, got bf16; convert with `cast`"),
            (h.add(&f), "add takes bf16 beside bf16, got f32; convert with `cast`"),
            (i.mul(&h), "mul takes i32 beside i32, got bf16; convert with `cast`"),
            (zip(Zip::Pow, &i, &i), "pow takes floats, got i32; convert with `cast`"),
            (i.isnan(), "isnan takes floats, got i32; convert with `cast`"),
        ];
        for (result, want) in cases {
            assert_eq!(result.unwrap_err().to_string(), want);
        }
        let three = Tensor::zeros(&device, DType::I32, &[3]).unwrap();
        let error = i.add(&three).unwrap_err().to_string();
        assert!(error.contains("add") && error.contains("[2]") && error.contains("[3]"), "{error}");
    }
}

#[test]
fn nothing_and_one_number() {
    for device in testing_devices() {
        let none = Tensor::zeros(&device, DType::I32, &[0, 3]).unwrap();
        let one = Tensor::from_slice(&device, &[5i32], &[]).unwrap();
        let sum = none.add(&one).unwrap();
        assert_eq!((sum.shape(), sum.dtype()), (&[0, 3][..], DType::I32));
        assert_eq!(none.lt(&one).unwrap().dtype(), DType::F32);
        assert_eq!(one.mul(&one).unwrap().item::<i32>().unwrap(), 25);
    }
}

fn of<T: Element>(device: &Device, data: &[T]) -> Tensor {
    Tensor::from_slice(device, data, &[data.len()]).unwrap()
}

#[test]
fn zeros_and_ones_like_another() {
    for device in testing_devices() {
        for dtype in DType::ALL {
            for n in [0usize, 1, 2, 7, 256, 1025] {
                let x = of(&device, &vec![3f32; n]).cast(dtype).unwrap();
                for (like, want) in [(x.zeros_like(), 0.0), (x.ones_like(), 1.0)] {
                    let like = like.unwrap();
                    assert_eq!((like.dtype(), like.shape()), (dtype, &[n][..]));
                    let got = like.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
                    assert_eq!(got, vec![want; n], "{dtype} on {device:?}");
                }
            }
        }
        // Of a view: its shape, memory of its own.
        let x = of(&device, &[1i32, 2, 3, 4, 5, 6]).reshape(&[2, 3]).unwrap();
        let ones = x.t().unwrap().ones_like().unwrap();
        assert_eq!((ones.shape(), ones.is_contiguous()), (&[3, 2][..], true));
        assert_eq!(ones.to_vec::<i32>().unwrap(), [1; 6]);
        let wide = x.narrow(0, 0, 1).unwrap().broadcast_to(&[5, 3]).unwrap();
        assert_eq!(wide.zeros_like().unwrap().to_vec::<i32>().unwrap(), [0; 15]);
        assert_eq!(x.to_vec::<i32>().unwrap(), [1, 2, 3, 4, 5, 6]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn broadcast_pairs((a, b) in shapes::broadcast_pair(4, 33, 600), seed in any::<u32>(), signed: bool) {
        let draw = |n: usize, k: u32| -> Vec<u32> {
            let word = |i| (i as u32 ^ seed.rotate_left(k)).wrapping_mul(2_654_435_761);
            (0..n).map(word).map(|w| w >> (w % 4 * 8)).collect()
        };
        let (left, right) = (draw(a.iter().product(), 0), draw(b.iter().product(), 7));
        for device in testing_devices() {
            let (x, y) = (tensor(&device, &left, &a, signed), tensor(&device, &right, &b, signed));
            for (op, f) in [(Zip::Mul, ZIPS[2].1), (Zip::Lt, ZIPS[10].1), (Zip::Rem, ZIPS[13].1)] {
                let f = |x: f64, y: f64| f(x as i64, y as i64, signed) as f64;
                let want = pairs::zip(&wide(&left, signed), &a, &wide(&right, signed), &b, f);
                prop_assert_eq!(read(&zip(op, &x, &y).unwrap()), want);
            }
        }
    }
}
