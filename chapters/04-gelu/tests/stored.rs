//! Activations in 16 bits: computed in f32 and rounded once, on every device that has a rung for them.
use strata_check::sample;
use strata_device::{Device, Machine, Settings};
use strata_gelu::{gelu_backward, gelu_forward};
use strata_tensor::{DType, Tensor};

fn values(t: &Tensor) -> Vec<f32> {
    t.cast(DType::F32).unwrap().to_vec::<f32>().unwrap()
}

/// What f32 gives, rounded.
fn rounded(wide: &Tensor, dtype: DType) -> Vec<f32> {
    values(&wide.cast(dtype).unwrap())
}

#[test]
fn sixteen_bits_are_f32_rounded_once() {
    for name in ["cpu", "cuda", "wgpu"] {
        let Ok(device) = Device::open(name, Settings::default()) else {
            println!("SKIPPED: no {name} device");
            continue;
        };
        for dtype in [DType::BF16, DType::F16] {
            let of = |seed| {
                let data = sample::uniform(seed, 1031, -6.0, 6.0);
                Tensor::from_slice(&device, &data, &[1031]).unwrap().cast(dtype).unwrap()
            };
            let (x, dy) = (of(1), of(2));
            let wide = |t: &Tensor| t.cast(DType::F32).unwrap();
            let got = gelu_forward(&x);
            if device.machine() == Machine::Wgpu {
                let error = got.unwrap_err().to_string();
                assert!(error.contains("takes f32, got"), "{error}");
                continue;
            }
            let got = got.unwrap();
            assert_eq!(got.dtype(), dtype);
            let want = rounded(&gelu_forward(&wide(&x)).unwrap(), dtype);
            assert_eq!(values(&got), want, "gelu of {dtype} on {name}");
            let got = values(&gelu_backward(&x, &dy).unwrap());
            let want = rounded(&gelu_backward(&wide(&x), &wide(&dy)).unwrap(), dtype);
            assert_eq!(got, want, "gelu_backward of {dtype} on {name}");
            let error = gelu_backward(&x, &wide(&dy)).unwrap_err().to_string();
            assert!(error.contains(&format!("takes {dtype}, got f32")), "{error}");
        }
    }
}
