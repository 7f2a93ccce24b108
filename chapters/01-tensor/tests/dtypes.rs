//! Buffers of every dtype: fills, copies, casts and concatenations, the same bits on every device.
use half::{bf16, f16};
use proptest::prelude::*;
use strata_check::sample;
use strata_device::{Device, Settings, testing::testing_devices};
use strata_tensor::ops::{concat, copy, copy_into, fill_bits, stack};
use strata_tensor::{DType, Element, Tensor};

/// Numbers on which conversions part ways: rounding ties, the ends of every range, denormals.
fn telling() -> Vec<f32> {
    let mut list = vec![
        0.0,
        -0.0,
        0.5,
        -0.5,
        0.99,
        1.5,
        2.5,
        -1.5,
        1e-8,
        -1e-8,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    // bf16: 1 + 2^-8 lies midway between neighbors; f16: 1 + 2^-11.
    for base in [1.0f32, -3.0, 100.0, 6e-5, 6e-8] {
        for k in -3i32..=3 {
            list.push(base * (1.0 + k as f32 * 2f32.powi(-8)));
            list.push(base * (1.0 + k as f32 * 2f32.powi(-11)));
            list.push(base * (1.0 + k as f32 * 2f32.powi(-11) + 2f32.powi(-20)));
        }
    }
    // f16's largest number, what rounds to it, what rounds to infinity; its subnormals and half of them.
    list.extend([65504.0, 65519.0, 65519.996, 65520.0, 65536.0, 1e6, 3.4e38, -65520.0, -7e4]);
    list.extend((0..40).map(|i| i as f32 * 2f32.powi(-26)));
    list.extend([2f32.powi(-14), 2f32.powi(-14) - 2f32.powi(-25), 2f32.powi(-14) - 2f32.powi(-26)]);
    // Integers: the last that f32 counts, the ends of both ranges.
    list.extend([
        16_777_215.,
        16_777_216.,
        16_777_218.,
        2_147_483_520.,
        2_147_483_648.,
        -2_147_483_648.,
    ]);
    list.extend([-2_147_483_904., 4_294_967_040., 4_294_967_296., 1e10, -1e10, -1.0, -0.9, 255.99]);
    list.extend([f32::MIN_POSITIVE, 1e-40, -1e-42, f32::MAX, f32::MIN]);
    list
}

fn integers() -> Vec<u32> {
    let mut list = vec![0, 1, 2, 255, 65535, 65536, 16_777_215, 16_777_216, 16_777_217, 16_777_219];
    list.extend([
        0x7fff_ffff,
        0x8000_0000,
        0x8000_0001,
        u32::MAX,
        u32::MAX - 1,
        u32::MAX - 127,
        33_554_434,
        33_554_435,
    ]);
    list.extend((0..40).map(|i| 0x9e37_79b9u32.wrapping_mul(i)));
    list
}

/// Bits, with all NaN made one: which NaN a NaN becomes is left to the device.
fn bits<T: Element>(x: &Tensor) -> Vec<u32> {
    let data = x.to_vec::<T>().unwrap();
    let nan = |nan: bool, bits: u32| if nan { 0xffff_ffff } else { bits };
    match T::DTYPE {
        DType::F32 => bytemuck::cast_slice::<T, f32>(&data)
            .iter()
            .map(|x| nan(x.is_nan(), x.to_bits()))
            .collect(),
        DType::BF16 => bytemuck::cast_slice::<T, bf16>(&data)
            .iter()
            .map(|x| nan(x.is_nan(), x.to_bits().into()))
            .collect(),
        DType::F16 => bytemuck::cast_slice::<T, f16>(&data)
            .iter()
            .map(|x| nan(x.is_nan(), x.to_bits().into()))
            .collect(),
        DType::I32 | DType::U32 => bytemuck::cast_slice::<T, u32>(&data).to_vec(),
    }
}

fn all_bits(x: &Tensor) -> Vec<u32> {
    match x.dtype() {
        DType::F32 => bits::<f32>(x),
        DType::BF16 => bits::<bf16>(x),
        DType::F16 => bits::<f16>(x),
        DType::I32 => bits::<i32>(x),
        DType::U32 => bits::<u32>(x),
    }
}

const DTYPES: [DType; 5] = [DType::F32, DType::BF16, DType::F16, DType::I32, DType::U32];

/// The same telling numbers in each dtype, on one device.
fn sources(device: &Device) -> Vec<Tensor> {
    let (f, i) = (telling(), integers());
    let signed: Vec<i32> = i.iter().map(|&x| x as i32).collect();
    let all16: Vec<u16> =
        (0..=u16::MAX).step_by(7).chain([0x7c00, 0xfc00, 0x7f80, 0xff80, 1, 0x8001]).collect();
    let b: Vec<bf16> = all16.iter().map(|&x| bf16::from_bits(x)).collect();
    let h: Vec<f16> = all16.iter().map(|&x| f16::from_bits(x)).collect();
    vec![
        Tensor::from_slice(device, &f, &[f.len()]).unwrap(),
        Tensor::from_slice(device, &b, &[b.len()]).unwrap(),
        Tensor::from_slice(device, &h, &[h.len()]).unwrap(),
        Tensor::from_slice(device, &signed, &[i.len()]).unwrap(),
        Tensor::from_slice(device, &i, &[i.len()]).unwrap(),
    ]
}

#[test]
fn casts_give_the_bits_that_rust_gives() {
    // The CPU against Rust's own conversions: floats saturate and round to even, integers wrap ...
    let cpu = Device::open("cpu", Settings::default()).unwrap();
    for x in sources(&cpu) {
        let wide: Vec<f64> = match x.dtype() {
            DType::F32 => x.to_vec::<f32>().unwrap().into_iter().map(f64::from).collect(),
            DType::BF16 => x.to_vec::<bf16>().unwrap().into_iter().map(f64::from).collect(),
            DType::F16 => x.to_vec::<f16>().unwrap().into_iter().map(f64::from).collect(),
            DType::I32 => x.to_vec::<i32>().unwrap().into_iter().map(f64::from).collect(),
            DType::U32 => x.to_vec::<u32>().unwrap().into_iter().map(f64::from).collect(),
        };
        let n = wide.len();
        let put = |f: &dyn Fn(f64) -> u32| wide.iter().map(|&x| f(x)).collect::<Vec<_>>();
        for to in DTYPES {
            let want = match to {
                DType::F32 => put(&|x| if x.is_nan() { u32::MAX } else { (x as f32).to_bits() }),
                DType::BF16 => put(&|x| {
                    if x.is_nan() { u32::MAX } else { bf16::from_f32(x as f32).to_bits().into() }
                }),
                DType::F16 => put(&|x| {
                    if x.is_nan() { u32::MAX } else { f16::from_f32(x as f32).to_bits().into() }
                }),
                DType::I32 | DType::U32 if matches!(x.dtype(), DType::I32 | DType::U32) => {
                    put(&|x| x as i64 as u32)
                }
                DType::I32 => put(&|x| x as i32 as u32),
                DType::U32 => put(&|x| x as u32),
            };
            assert_eq!(all_bits(&x.cast(to).unwrap()), want, "{} to {to}, {n} numbers", x.dtype());
        }
    }
    // ... and every other device against the CPU.
    for device in testing_devices() {
        for (x, other) in sources(&cpu).into_iter().zip(sources(&device)) {
            for to in DTYPES {
                let (want, got) =
                    (all_bits(&x.cast(to).unwrap()), all_bits(&other.cast(to).unwrap()));
                for i in 0..want.len() {
                    let from = all_bits(&x)[i];
                    assert_eq!(
                        got[i],
                        want[i],
                        "{} to {to}: element {i} ({from:#x}) on {device:?}: {:#x}, not {:#x}",
                        x.dtype(),
                        got[i],
                        want[i]
                    );
                }
            }
        }
    }
}

#[test]
fn integers_wrap_and_floats_saturate() {
    for device in testing_devices() {
        let signed = [-7, -1, 0, 7, i32::MIN, i32::MAX];
        let x = Tensor::from_slice(&device, &signed, &[6]).unwrap();
        let wrapped = x.cast(DType::U32).unwrap();
        assert_eq!(
            wrapped.to_vec::<u32>().unwrap(),
            [4_294_967_289, u32::MAX, 0, 7, 1 << 31, (1 << 31) - 1],
            "{device:?}"
        );
        assert_eq!(wrapped.cast(DType::I32).unwrap().to_vec::<i32>().unwrap(), signed);
        // An odd view of a strided tensor goes the same way.
        let back = x.reshape(&[2, 3]).unwrap().t().unwrap().cast(DType::U32).unwrap();
        assert_eq!(back.to_vec::<u32>().unwrap()[..2], [4_294_967_289, 7]);
        let floats = [-7.0, -0.5, 7.9, f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3e9, -3e9, 5e9];
        let to_u32 = [0, 0, 7, 0, u32::MAX, 0, 3_000_000_000, 0, u32::MAX];
        let (low, high) = (i32::MIN, i32::MAX);
        let to_i32 = [-7, 0, 7, 0, high, low, high, low, high];
        let x = Tensor::from_slice(&device, &floats, &[9]).unwrap();
        assert_eq!(x.cast(DType::U32).unwrap().to_vec::<u32>().unwrap(), to_u32, "{device:?}");
        assert_eq!(x.cast(DType::I32).unwrap().to_vec::<i32>().unwrap(), to_i32, "{device:?}");
        for half in [DType::BF16, DType::F16] {
            let x = x.cast(half).unwrap();
            let (u, i) = (x.cast(DType::U32).unwrap(), x.cast(DType::I32).unwrap());
            assert_eq!(u.to_vec::<u32>().unwrap()[..6], to_u32[..6], "{half} {device:?}");
            assert_eq!(i.to_vec::<i32>().unwrap()[..6], to_i32[..6], "{half} {device:?}");
        }
    }
}

#[test]
fn sixteen_bits_come_back_whole() {
    for device in testing_devices() {
        let all: Vec<u16> = (0..=u16::MAX).collect();
        let b: Vec<bf16> = all.iter().map(|&x| bf16::from_bits(x)).collect();
        let x = Tensor::from_slice(&device, &b, &[65536]).unwrap();
        assert_eq!(
            bits::<bf16>(&x.cast(DType::F32).unwrap().cast(DType::BF16).unwrap()),
            bits::<bf16>(&x)
        );
        let h: Vec<f16> = all.iter().map(|&x| f16::from_bits(x)).collect();
        let x = Tensor::from_slice(&device, &h, &[65536]).unwrap();
        assert_eq!(
            bits::<f16>(&x.cast(DType::F32).unwrap().cast(DType::F16).unwrap()),
            bits::<f16>(&x)
        );
    }
}

#[test]
fn copies_of_strided_views_in_every_dtype() {
    let check = |(r, c, from, len): (usize, usize, usize, usize), device: &Device| {
        for dtype in DTYPES {
            let numbers: Vec<f32> = (0..r * c).map(|i| (i % 251) as f32).collect();
            let base = Tensor::from_slice(device, &numbers, &[r, c]).unwrap();
            let view = |t: &Tensor| {
                let from = from.min(c);
                t.narrow(1, from, len.min(c - from)).unwrap().t().unwrap()
            };
            let want = view(&base).to_vec::<f32>().unwrap();
            let got = copy(&view(&base.cast(dtype).unwrap())).unwrap();
            assert_eq!(
                got.cast(DType::F32).unwrap().to_vec::<f32>().unwrap(),
                want,
                "{dtype} {device:?}"
            );
        }
    };
    for device in testing_devices() {
        for sizes in [(1, 1, 0, 1), (3, 5, 1, 3), (17, 9, 4, 5), (1, 300, 7, 201), (33, 31, 1, 29)]
        {
            check(sizes, &device);
        }
    }
    let cpu = Device::open("cpu", Settings::default()).unwrap();
    proptest!(ProptestConfig::with_cases(32), |(sizes in (1..40usize, 1..40usize, 0..9usize, 0..40usize))| {
        check(sizes, &cpu);
    });
}

#[test]
fn fills_touch_their_own_elements_only() {
    for device in testing_devices() {
        for dtype in DTYPES {
            assert!(
                all_bits(&Tensor::zeros(&device, dtype, &[3, 7]).unwrap()).iter().all(|&b| b == 0)
            );
        }
        assert_eq!(
            Tensor::full(&device, &[70_001], 2.5).unwrap().to_vec::<f32>().unwrap(),
            vec![2.5; 70_001]
        );
        // An odd view at the front of a 16-bit tensor: the neighbor in its last word stays.
        let x = Tensor::from_slice(&device, &[bf16::ONE; 8], &[8]).unwrap();
        fill_bits(&x.narrow(0, 0, 3).unwrap(), 0).unwrap();
        let want: Vec<bf16> = [0., 0., 0., 1., 1., 1., 1., 1.].map(bf16::from_f32).to_vec();
        assert_eq!(x.to_vec::<bf16>().unwrap(), want, "{device:?}");
        let two = Tensor::from_slice(&device, &[bf16::from_f32(2.0); 5], &[5]).unwrap();
        copy_into(&two, &x.narrow(0, 0, 5).unwrap()).unwrap();
        let want: Vec<bf16> = [2., 2., 2., 2., 2., 1., 1., 1.].map(bf16::from_f32).to_vec();
        assert_eq!(x.to_vec::<bf16>().unwrap(), want, "{device:?}");
        // Views of 16 bits that start between words are read all the same.
        assert_eq!(x.narrow(0, 5, 3).unwrap().to_vec::<bf16>().unwrap(), [bf16::ONE; 3]);
    }
}

#[test]
fn concatenations_in_every_dtype() {
    for device in testing_devices() {
        for dtype in DTYPES {
            let part = |n: usize, seed: u64| {
                let data: Vec<f32> =
                    sample::normal(seed, n * 6).iter().map(|x| (x * 8.0).round().abs()).collect();
                (Tensor::from_slice(&device, &data, &[2, n, 3]).unwrap(), data)
            };
            let ((a, av), (b, bv), (c, _)) = (part(1, 1), part(5, 2), part(0, 3));
            let parts = [a, b, c].map(|t| t.cast(dtype).unwrap());
            let got = concat(&parts, 1).unwrap();
            assert_eq!((got.shape(), got.dtype()), (&[2, 6, 3][..], dtype));
            let want = [&av[..3], &bv[..15], &av[3..], &bv[15..]].concat();
            assert_eq!(
                got.cast(DType::F32).unwrap().to_vec::<f32>().unwrap(),
                want,
                "{dtype} {device:?}"
            );
            let pair = stack(&[parts[1].clone(), parts[1].clone()], 3).unwrap();
            assert_eq!(pair.shape(), [2, 5, 3, 2]);
            let want: Vec<f32> = bv.iter().flat_map(|&x| [x, x]).collect();
            assert_eq!(
                pair.cast(DType::F32).unwrap().to_vec::<f32>().unwrap(),
                want,
                "{dtype} {device:?}"
            );
        }
    }
}
