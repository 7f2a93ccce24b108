//! `where`, triangles, one-hot rows and parts: what is chosen comes through unchanged, and nothing else.
use proptest::prelude::*;
use strata_check::oracle::{choose as oracle, copy as moved};
use strata_check::sample;
use strata_device::{Device, testing::testing_devices};
use strata_shapes as shapes;
use strata_tensor::{DType, Element, Result, Tensor};

fn tensor<T: Element>(device: &Device, data: &[T], shape: &[usize]) -> Tensor {
    Tensor::from_slice(device, data, shape).unwrap()
}

fn bits(x: &Tensor) -> Vec<u32> {
    x.to_vec::<f32>().unwrap().into_iter().map(f32::to_bits).collect()
}

#[track_caller]
fn says<T>(result: Result<T>, words: &[&str]) {
    let Err(error) = result else { panic!("this should have been refused") };
    let text = error.to_string();
    words.iter().for_each(|word| assert!(text.contains(word), "{text:?} lacks {word:?}"));
}

/// Words that arithmetic on f32 would change.
const WORDS: [u32; 8] =
    [0, 0x8000_0000, 1, 0x8000_0001, 0x7f80_0001, 0xffc1_2345, 0x7f80_0000, 0x3f80_0000];

#[test]
fn a_condition_is_true_unless_it_is_zero() {
    for device in testing_devices() {
        let (inf, tiny) = (f32::INFINITY, f32::from_bits(1));
        let conds = [0.0, -0.0, 1.0, -1.0, f32::NAN, inf, -inf, tiny, -tiny, 0.25];
        let want = [2.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0];
        let (one, two) = (tensor(&device, &[1f32], &[]), tensor(&device, &[2f32], &[]));
        let got = tensor(&device, &conds, &[10]).choose(&one, &two).unwrap();
        assert_eq!(got.to_vec::<f32>().unwrap(), want, "{device:?}");
        let whole = tensor(&device, &[0i32, 1, -1, i32::MIN], &[4]).choose(&one, &two).unwrap();
        assert_eq!(whole.to_vec::<f32>().unwrap(), [2.0, 1.0, 1.0, 1.0]);
        let ids = tensor(&device, &[0u32, 1, 1 << 31], &[3]).choose(&one, &two).unwrap();
        assert_eq!(ids.to_vec::<f32>().unwrap(), [2.0, 1.0, 1.0]);
    }
}

#[test]
fn bits_come_through_unchanged() {
    let floats = WORDS.map(f32::from_bits);
    for device in testing_devices() {
        let x = tensor(&device, &floats, &[8]);
        let (yes, no) = (tensor(&device, &[1f32], &[1]), tensor(&device, &[0f32], &[1]));
        let other = tensor(&device, &[f32::NAN], &[1]);
        assert_eq!(bits(&yes.choose(&x, &other).unwrap()), WORDS, "{device:?}");
        assert_eq!(bits(&no.choose(&other, &x).unwrap()), WORDS);
        for (signed, kind) in [(true, DType::I32), (false, DType::U32)] {
            let whole = match signed {
                true => tensor(&device, &WORDS.map(|w| w as i32), &[8]),
                false => tensor(&device, &WORDS, &[8]),
            };
            let kept = yes.choose(&whole, &whole.zeros_like().unwrap()).unwrap();
            assert_eq!(kept.dtype(), kind);
            assert_eq!(kept.to_bytes().unwrap(), whole.to_bytes().unwrap());
        }
        for diagonal in [-9, 0, 9] {
            let matrix = x.reshape(&[2, 4]).unwrap();
            let both =
                [matrix.tril(diagonal).unwrap(), matrix.triu(diagonal).unwrap()].map(|t| bits(&t));
            for i in 0..8 {
                let right = (i % 4) as isize - (i / 4) as isize;
                assert_eq!(both[0][i], if right <= diagonal { WORDS[i] } else { 0 });
                assert_eq!(both[1][i], if right >= diagonal { WORDS[i] } else { 0 });
            }
        }
    }
}

#[test]
fn all_three_stretch() {
    for device in testing_devices() {
        let cond = tensor(&device, &[1f32, 0.0], &[2, 1, 1]);
        let a = tensor(&device, &[10i32, 20, 30], &[3, 1]);
        let b = tensor(&device, &[1i32, 2, 3, 4], &[4]);
        let got = cond.choose(&a, &b).unwrap();
        assert_eq!(got.shape(), [2, 3, 4]);
        let want = [10, 10, 10, 10, 20, 20, 20, 20, 30, 30, 30, 30];
        let rows = [1, 2, 3, 4].repeat(3);
        assert_eq!(got.to_vec::<i32>().unwrap(), [&want[..], &rows].concat());
        // Nothing, and everything turned.
        let none = tensor::<f32>(&device, &[], &[0, 1]);
        assert!(none.choose(&a, &b.narrow(0, 0, 1).unwrap()).is_err());
        let none = tensor::<f32>(&device, &[], &[0, 1, 1]);
        assert_eq!(none.choose(&a, &b).unwrap().shape(), [0, 3, 4]);
        let x = tensor(&device, &[1f32, 2.0, 3.0, 4.0, 5.0, 6.0], &[2, 3]);
        let turned = x.t().unwrap();
        let big = turned.gt(&tensor(&device, &[3f32], &[])).unwrap();
        let got = big.choose(&turned, &turned.neg().unwrap()).unwrap();
        assert_eq!(got.to_vec::<f32>().unwrap(), [-1.0, 4.0, -2.0, 5.0, -3.0, 6.0]);
    }
}

#[test]
fn bad_calls_name_the_op() {
    for device in testing_devices() {
        let zeros = |dtype, shape: &[usize]| Tensor::zeros(&device, dtype, shape).unwrap();
        let (f, i) = (zeros(DType::F32, &[2]), zeros(DType::I32, &[2]));
        says(f.choose(&f, &i), &["where", "f32", "i32", "cast"]);
        says(f.choose(&zeros(DType::F16, &[2]), &f), &["where", "f16", "f32", "cast"]);
        says(f.choose(&zeros(DType::F32, &[3]), &f), &["where", "[3]", "[2]"]);
        says(zeros(DType::F32, &[3]).choose(&f, &f), &["where", "[3]", "[2]"]);
        says(f.tril(0), &["tril", "two dimensions", "[2]"]);
        says(f.triu(0), &["triu", "two dimensions"]);
        says(f.one_hot(3), &["one_hot", "i32 or u32", "f32", "cast"]);
        says(zeros(DType::U32, &[1; 6]).one_hot(2), &["one_hot", "6 dimensions"]);
        says(zeros(DType::U32, &[70_000]).one_hot(70_000), &["one_hot", "more elements"]);
        says(f.split(1, &[2]), &["split", "dimension 1"]);
        says(f.split(0, &[1]), &["split", "add up to 1", "[2]"]);
        says(f.split(0, &[1, 2]), &["split", "add up to 3"]);
        says(f.split(0, &[usize::MAX, 3]), &["split", "add up"]);
        says(f.split_every(0, 0), &["split_every"]);
        says(f.split_every(3, 1), &["split_every", "dimension 3"]);
        says(f.chunk(0, 0), &["chunk"]);
    }
}

#[test]
fn triangles_of_any_diagonal() {
    for device in testing_devices() {
        for shape in [&[1, 1][..], &[3, 4], &[4, 3], &[2, 3, 1, 5], &[0, 4], &[3, 0], &[2, 17, 33]]
        {
            let n = shape.iter().product();
            let data = sample::normal(n as u64 + 1, n);
            let x = tensor(&device, &data, shape);
            let wide = sample::widen(&data);
            let ends = [isize::MIN, isize::MIN + 1, isize::MAX, isize::MAX - 1, 1 << 31, 1 << 33];
            for diagonal in (-5..=5).chain([16, 17, 32, 33, -16, -17]).chain(ends) {
                let got = [x.tril(diagonal).unwrap(), x.triu(diagonal).unwrap()];
                let at = diagonal as i64;
                let want = [oracle::tril(&wide, shape, at), oracle::triu(&wide, shape, at)];
                for (got, want) in got.iter().zip(want) {
                    assert_eq!(got.shape(), shape);
                    let got = sample::widen(&got.to_vec().unwrap());
                    assert_eq!(got, want, "{shape:?} at {diagonal} on {device:?}");
                }
            }
        }
    }
}

#[test]
fn nothing_comes_through_from_outside_of_a_triangle() {
    for device in testing_devices() {
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        let x = tensor(&device, &[1.0, nan, inf, 2.0, 3.0, -inf, 4.0, 5.0, 6.0], &[3, 3]);
        let low = x.tril(0).unwrap().to_vec::<f32>().unwrap();
        assert_eq!(low, [1.0, 0.0, 0.0, 2.0, 3.0, 0.0, 4.0, 5.0, 6.0]);
        let up = x.t().unwrap().triu(0).unwrap().to_vec::<f32>().unwrap();
        assert_eq!(up, [1.0, 2.0, 4.0, 0.0, 3.0, 5.0, 0.0, 0.0, 6.0]);
        let whole = tensor(&device, &[1i32, 2, 3, 4], &[2, 2]).tril(-1).unwrap();
        assert_eq!(whole.to_vec::<i32>().unwrap(), [0, 0, 3, 0]);
        let row = tensor(&device, &[1u32, 2, 3], &[1, 3]).broadcast_to(&[3, 3]).unwrap();
        assert_eq!(row.triu(1).unwrap().to_vec::<u32>().unwrap(), [0, 2, 3, 0, 0, 3, 0, 0, 0]);
    }
}

#[test]
fn ids_become_rows() {
    for device in testing_devices() {
        let ids = tensor(&device, &[2i32, 0, -1, 3, i32::MIN, i32::MAX], &[2, 3]);
        let rows = ids.one_hot(3).unwrap();
        assert_eq!(rows.shape(), [2, 3, 3]);
        let rows = rows.to_vec::<f32>().unwrap();
        assert_eq!(rows[..6], [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
        assert!(rows[6..].iter().all(|x| x.is_nan()), "{rows:?}");
        let ids = tensor(&device, &[1u32, u32::MAX, 0], &[3, 1]);
        let rows = ids.t().unwrap().one_hot(2).unwrap();
        assert_eq!(rows.shape(), [1, 3, 2]);
        let rows = rows.to_vec::<f32>().unwrap();
        assert_eq!([rows[0], rows[1], rows[4], rows[5]], [0.0, 1.0, 1.0, 0.0]);
        assert!(rows[2].is_nan() && rows[3].is_nan());
        assert_eq!(ids.one_hot(0).unwrap().shape(), [3, 1, 0]);
        let one = tensor(&device, &[0u32], &[]).one_hot(1).unwrap();
        assert_eq!((one.shape(), one.to_vec::<f32>().unwrap()), (&[1][..], vec![1.0]));
        assert_eq!(tensor::<i32>(&device, &[], &[0]).one_hot(4).unwrap().shape(), [0, 4]);
    }
}

#[test]
fn parts_are_views_of_the_whole() {
    for device in testing_devices() {
        for dtype in DType::ALL {
            let data: Vec<f32> = (0..14).map(|i| i as f32).collect();
            let x = tensor(&device, &data, &[2, 7]).cast(dtype).unwrap();
            let lens = |parts: &[Tensor]| parts.iter().map(|p| p.shape()[1]).collect::<Vec<_>>();
            let parts = x.split(1, &[3, 0, 4]).unwrap();
            assert_eq!(lens(&parts), [3, 0, 4]);
            let last = parts[2].cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
            assert_eq!(last, [3.0, 4.0, 5.0, 6.0, 10.0, 11.0, 12.0, 13.0]);
            assert!(parts.iter().all(|p| p.buffer().same(x.buffer())));
            assert_eq!(lens(&x.split_every(1, 3).unwrap()), [3, 3, 1]);
            assert_eq!(lens(&x.split_every(1, 7).unwrap()), [7]);
            assert_eq!(lens(&x.split_every(1, usize::MAX).unwrap()), [7]);
            assert_eq!(lens(&x.chunk(1, 3).unwrap()), [3, 3, 1]);
            assert_eq!(lens(&x.chunk(1, 5).unwrap()), [2, 2, 2, 1]);
            assert_eq!(lens(&x.chunk(1, usize::MAX).unwrap()), [1; 7]);
        }
        let none = tensor::<f32>(&device, &[], &[3, 0]);
        for parts in [none.split_every(1, 2), none.chunk(1, 4), none.split(1, &[0])] {
            let parts = parts.unwrap();
            assert_eq!((parts.len(), parts[0].shape()), (1, &[3, 0][..]));
        }
        assert!(none.split(1, &[]).unwrap().is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn choices_of_any_shape(
        (a, b) in shapes::broadcast_pair(4, 33, 600), mask in any::<u8>(), seed in any::<u64>(),
    ) {
        let shape = strata_tensor::broadcast_shapes("test", &a, &b).unwrap();
        let c: Vec<usize> =
            shape.iter().enumerate().map(|(i, &n)| if mask >> i & 1 == 1 { 1 } else { n }).collect();
        let draw = |seed, shape: &[usize]| sample::normal(seed, shape.iter().product());
        let (x, y) = (draw(seed, &a), draw(seed ^ 1, &b));
        let cond: Vec<f32> = draw(seed ^ 2, &c).iter().map(|x| x.round()).collect();
        let wide = |x: &[f32]| sample::widen(x);
        let want = oracle::choose((&wide(&cond), &c), (&wide(&x), &a), (&wide(&y), &b));
        for device in testing_devices() {
            let [t, f] = [tensor(&device, &x, &a), tensor(&device, &y, &b)];
            let got = tensor(&device, &cond, &c).choose(&t, &f).unwrap();
            prop_assert_eq!(wide(&got.to_vec().unwrap()), want.clone());
        }
    }

    #[test]
    fn triangles_of_any_view(
        rows in shapes::length(40), columns in shapes::length(40), batch in 1usize..4,
        diagonal in -45isize..45, turned: bool, seed in any::<u64>(),
    ) {
        let stored = if turned { [columns, batch, rows] } else { [rows, batch, columns] };
        let order = if turned { [1, 2, 0] } else { [1, 0, 2] };
        let data = sample::normal(seed, rows * columns * batch);
        let wide = moved::permute(&sample::widen(&data), &stored, &order);
        let shape = [batch, rows, columns];
        for device in testing_devices() {
            let x = tensor(&device, &data, &stored).permute(&order).unwrap();
            let got = sample::widen(&x.tril(diagonal).unwrap().to_vec().unwrap());
            prop_assert_eq!(got, oracle::tril(&wide, &shape, diagonal as i64));
            let got = sample::widen(&x.triu(diagonal).unwrap().to_vec().unwrap());
            prop_assert_eq!(got, oracle::triu(&wide, &shape, diagonal as i64));
        }
    }
}
