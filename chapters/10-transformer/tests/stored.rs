//! Dropout and the KV cache in 16 bits, on every device that has rungs for them.
use strata_attention::{Options, forward, split_qkv};
use strata_autograd::Var;
use strata_check::sample;
use strata_device::{Device, Machine, StepState, testing::testing_devices};
use strata_tensor::{DType, Tensor};
use strata_transformer::{GptConfig, KvCache, dropout, dropout_add, dropout_forward};

const HALVES: [DType; 2] = [DType::BF16, DType::F16];

fn cast(t: &Tensor, dtype: DType) -> Tensor {
    t.cast(dtype).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    cast(t, DType::F32).to_vec().unwrap()
}

fn normal(device: &Device, shape: &[usize], seed: u64, dtype: DType) -> Tensor {
    let data = sample::normal(seed, shape.iter().product());
    cast(&Tensor::from_slice(device, &data, shape).unwrap(), dtype)
}

#[test]
fn dropout_in_sixteen_bits_is_f32_rounded_once() {
    let now = StepState { seed: 77, step: 5, ..StepState::default() };
    for device in testing_devices() {
        let state = device.step_state(now).unwrap();
        for dtype in HALVES {
            let (x, r) = (normal(&device, &[1031], 1, dtype), normal(&device, &[1031], 2, dtype));
            let run = |x: &Tensor, r: Option<&Tensor>| dropout_forward(x, r, 0.3, 2, &state);
            let wide = |t: &Tensor| cast(t, DType::F32);
            let got = run(&x, None);
            if device.machine() == Machine::Wgpu {
                let error = got.unwrap_err().to_string();
                assert!(error.contains("dropout takes f32, got"), "{error}");
                continue;
            }
            let got = got.unwrap();
            assert_eq!(got.dtype(), dtype);
            assert_eq!(values(&got), values(&cast(&run(&wide(&x), None).unwrap(), dtype)));
            let got = values(&run(&x, Some(&r)).unwrap());
            let want = values(&cast(&run(&wide(&x), Some(&wide(&r))).unwrap(), dtype));
            // A card may fuse the product and the sum in one of them and not in the other.
            let step = if dtype == DType::BF16 { 1.0 / 128.0 } else { 1.0 / 1024.0 };
            let near = if device.machine() == Machine::Cpu { 0.0 } else { step };
            let close = |(g, w): (&f32, &f32)| (g - w).abs() <= near * w.abs();
            assert!(got.iter().zip(&want).all(close), "{dtype} on {device:?}");
            let error = run(&x, Some(&wide(&r))).unwrap_err().to_string();
            assert!(error.contains(&format!("takes {dtype}, got f32 as `residual`")), "{error}");
        }
    }
}

#[test]
fn gradients_have_the_dtype_of_what_was_dropped() {
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        let state = device.step_state(StepState { seed: 3, ..StepState::default() }).unwrap();
        let dy = normal(&device, &[67], 4, DType::BF16);
        let run = |dtype, residual: bool| {
            let x = Var::leaf(normal(&device, &[67], 1, dtype));
            let y = match residual {
                true => {
                    dropout_add(&Var::leaf(normal(&device, &[67], 2, dtype)), &x, 0.4, 1, &state)
                }
                false => dropout(&x, 0.4, 1, &state),
            };
            y.unwrap().backward_with(cast(&dy, dtype)).unwrap();
            let grad = x.grad().unwrap();
            assert_eq!(grad.dtype(), dtype);
            grad
        };
        for residual in [false, true] {
            let want = values(&cast(&run(DType::F32, residual), DType::BF16));
            assert_eq!(values(&run(DType::BF16, residual)), want);
        }
    }
}

/// What joins a cache in 16 bits is not rounded again, and attention reads it where it lies.
#[test]
fn a_cache_in_sixteen_bits_holds_what_came() {
    let config = GptConfig::preset("gpt-nano").unwrap();
    let (heads, width, rows) = (config.n_head, config.n_embd, 5);
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        let state = device.step_state(StepState { position: 2, ..StepState::default() }).unwrap();
        for dtype in HALVES {
            let cache = KvCache::stored(&config, 1, &device, dtype).unwrap();
            let layer = cache.layer(0).unwrap();
            let first = device.step_state(StepState::default()).unwrap();
            let [before, qkv] = [(2, 1), (rows, 2)]
                .map(|(n, seed)| normal(&device, &[1, n, 3 * width], seed, dtype));
            layer.append(&before, &first).unwrap();
            layer.append(&qkv, &state).unwrap();
            let [q, k, v] = split_qkv(&qkv, heads).unwrap();
            for (held, came) in [(&layer.keys, &k), (&layer.values, &v)] {
                assert_eq!(values(&held.narrow(2, 2, rows).unwrap()), values(came));
            }
            let options = Options::causal().cached(&state);
            let got = forward(&q, &layer.keys, &layer.values, &options).unwrap();
            let [q, k, v] = [&q, &layer.keys, &layer.values].map(|x| cast(x, DType::F32));
            let want = forward(&q, &k, &v, &options).unwrap();
            let want = cast(&want.out, dtype);
            let near = if device.machine() == Machine::Cpu { 0.0 } else { 1e-2 };
            let pairs = values(&got.out).into_iter().zip(values(&want));
            assert!(pairs.into_iter().all(|(g, w)| (g - w).abs() <= near), "{dtype}");
            let error = layer.append(&cast(&qkv, DType::F32), &state).unwrap_err().to_string();
            assert!(
                error.contains(&format!("kv_append takes f32, got {dtype} as `cache`")),
                "{error}"
            );
        }
    }
}
