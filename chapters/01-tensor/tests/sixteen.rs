//! Sums that are kept in 16 bits, or have a term that is; and what is chosen of such numbers.
use strata_check::sample;
use strata_device::{Device, Machine, testing::testing_devices};
use strata_tensor::{DType, Error, Tensor, ops};

#[test]
fn sums_of_16_bits_are_rounded_once() {
    for device in testing_devices() {
        let numbers = |t: &Tensor| t.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
        let (a, b) = (sample::normal(3, 771), sample::normal(4, 771));
        let tensor = |data: &[f32], dtype| {
            Tensor::from_slice(&device, data, &[771]).unwrap().cast(dtype).unwrap()
        };
        for out in [DType::F32, DType::BF16, DType::F16] {
            for input in [DType::F32, DType::BF16, DType::F16] {
                let (sum, added) = (tensor(&a, out), tensor(&b, input));
                let pairs = numbers(&sum).into_iter().zip(numbers(&added));
                let exact: Vec<f32> = pairs.map(|(a, b)| a + -0.5 * b).collect();
                ops::accumulate(&sum, &added, -0.5).unwrap();
                assert_eq!(sum.dtype(), out);
                let (got, want) = (numbers(&sum), numbers(&tensor(&exact, out)));
                // Nothing but f32 has a last digit for a fused product and sum to differ in.
                let close = |(g, w): (&f32, &f32)| (g - w).abs() <= 2e-7 * w.abs().max(1.0);
                let same = got.iter().zip(&want).filter(|&(g, w)| g == w || close((g, w))).count();
                assert!(same >= if out == DType::F32 { 771 } else { 769 }, "{out} {input}: {same}");
            }
        }
        let (ids, x) = (tensor(&a, DType::I32), tensor(&a, DType::BF16));
        for refused in [ops::accumulate(&x, &ids, 1.0), ops::accumulate(&ids, &x, 1.0)] {
            let error = refused.unwrap_err().to_string();
            assert_eq!(error, "accumulate takes floats, got i32; convert with `cast`");
        }
    }
}

/// Logits and weights in 16 bits: what is chosen is what f32 of the same numbers chooses.
#[test]
fn the_same_is_chosen_of_16_bits() {
    // Of so many numbers with 8 bits several are the largest: the first is taken.
    let data = sample::uniform(5, 3 * 771, 0.0, 1.0);
    let places = |t: Result<Tensor, Error>| t.unwrap().to_vec::<u32>().unwrap();
    let rungs = ["1_naive", "2_tree"];
    for device in testing_devices() {
        let portable = device.machine() == Machine::Wgpu;
        let ladder = ops::ladders().into_iter().find(|l| l.op == "argmax").unwrap();
        let here = |rung: &&str| {
            let mut all = ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine()));
            all.any(|r| r.name == *rung)
        };
        for dtype in [DType::BF16, DType::F16] {
            let both = |device: &Device| {
                let x = Tensor::from_slice(device, &data, &[3, 771]).unwrap().cast(dtype).unwrap();
                let wide = x.cast(DType::F32).unwrap();
                (x, wide)
            };
            let (x, wide) = both(&device);
            let raced = |t: &Tensor| places(t.multinomial(30, 1, false));
            assert_eq!(raced(&x), raced(&wide));
            if portable {
                for result in [ops::argmax(&x), x.multinomial(5, 1, true)] {
                    let error = result.unwrap_err().to_string();
                    assert!(error.contains("takes f32, got"), "{error}");
                }
                continue;
            }
            let drawn = |t: &Tensor| places(t.multinomial(300, 1, true));
            assert_eq!(drawn(&x), drawn(&wide));
            for rung in rungs.into_iter().filter(here) {
                let (x, wide) = both(&device.with_rung("argmax", rung));
                assert_eq!(places(ops::argmax(&x)), places(ops::argmax(&wide)), "{rung}");
            }
        }
    }
}
