//! Activations in 16 bits: tiles, probabilities and sums are f32, and each result is rounded once.
use strata_attention::{
    Attended, AttentionExt, Options, attention_weights, backward, forward, split_qkv,
};
use strata_autograd::Var;
use strata_device::testing::testing_devices;
use strata_device::{Device, Machine, StepState};
use strata_tensor::{DType, Tensor};

fn cast(t: &Tensor, dtype: DType) -> Tensor {
    t.cast(dtype).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    cast(t, DType::F32).to_vec().unwrap()
}

fn randn(device: &Device, shape: &[usize], seed: u64) -> Tensor {
    Tensor::randn(device, shape, seed).unwrap()
}

/// The devices that have rungs for 16 bits, each once for each rung, which is forced.
fn devices() -> Vec<Device> {
    let rungs: Vec<_> = strata_attention::ladders()[0].rungs.iter().map(|rung| rung.name).collect();
    let on = |device: Device| {
        let of = move |rung: &str| {
            device.with_rung("attention", rung).with_rung("attention_backward", rung)
        };
        rungs.iter().copied().map(of).collect::<Vec<_>>()
    };
    let all = testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu);
    all.flat_map(on).collect()
}

/// That `got` is `wide`, rounded: to the bit on a processor; elsewhere a compiler may fuse other
/// multiplications, and a number in the middle may go to the other side.
fn rounded(what: &str, got: &Tensor, wide: &Tensor) {
    assert_eq!(wide.dtype(), DType::F32, "{what}");
    let (dtype, want) = (got.dtype(), values(&cast(wide, got.dtype())));
    let exact = got.device().machine() == Machine::Cpu;
    let step = if dtype == DType::BF16 { 1.0 / 128.0 } else { 1.0 / 1024.0 };
    for (i, (got, want)) in values(got).iter().zip(&want).enumerate() {
        let near = if exact { 0.0 } else { step * want.abs() + 1e-5 };
        assert!((got - want).abs() <= near, "{what} of {dtype}, {i}: {got}, not {want}");
    }
}

#[test]
fn sixteen_bits_are_f32_rounded_once() {
    for device in devices() {
        let state = device.step_state(StepState { seed: 42, ..StepState::default() }).unwrap();
        let mask: Vec<u32> = (0..70).map(|key| u32::from(key % 3 != 1)).collect();
        let mask = Tensor::from_slice(&device, &mask, &[2, 35]).unwrap();
        // In fours and not; packed, so that heads lie inside rows, and apart.
        for (rows, dim, options) in [
            (65, 16, Options::causal()),
            (9, 7, Options::full()),
            (33, 20, Options::causal().dropout(0.3, 5, &state)),
            (35, 8, Options::full().masked(&mask)),
            (1, 64, Options::causal()),
        ] {
            for dtype in [DType::BF16, DType::F16] {
                let packed = cast(&randn(&device, &[2, rows, 9 * dim], 1), dtype);
                let d_out = cast(&randn(&device, &[2, 3, rows, dim], 2), dtype);
                let [q, k, v] = split_qkv(&packed, 3).unwrap();
                let [wq, wk, wv] = split_qkv(&cast(&packed, DType::F32), 3).unwrap();
                let got = forward(&q, &k, &v, &options).unwrap();
                let wide = forward(&wq, &wk, &wv, &options).unwrap();
                assert_eq!((got.out.dtype(), got.lse.dtype()), (dtype, DType::F32));
                rounded("out", &got.out, &wide.out);
                rounded("lse", &got.lse, &wide.lse);

                let found = backward(&q, &k, &v, &got, &d_out, &options).unwrap();
                let kept = Attended { out: cast(&got.out, DType::F32), lse: got.lse };
                let d_out = cast(&d_out, DType::F32);
                let want = backward(&wq, &wk, &wv, &kept, &d_out, &options).unwrap();
                for (name, got, want) in [
                    ("dq", found.dq, want.dq),
                    ("dk", found.dk, want.dk),
                    ("dv", found.dv, want.dv),
                ] {
                    assert_eq!(got.dtype(), dtype, "{name}");
                    rounded(name, &got, &want);
                }
            }
        }
    }
}

#[test]
fn packed_gradients_in_bf16_follow_those_in_f32() {
    for device in devices() {
        let (batch, rows, heads, dim) = (2, 37, 3, 8);
        let qkv = randn(&device, &[batch, rows, 3 * heads * dim], 1);
        let d_out = randn(&device, &[batch, rows, heads * dim], 2);
        let run = |dtype| {
            let leaf = Var::leaf(cast(&qkv, dtype));
            let out = leaf.attention_qkv(heads, &Options::causal()).unwrap();
            out.backward_with(cast(&d_out, dtype)).unwrap();
            let grad = leaf.grad().unwrap();
            assert_eq!((out.value().dtype(), grad.dtype()), (dtype, dtype));
            values(&grad)
        };
        let (got, want) = (run(DType::BF16), run(DType::F32));
        let size = want.iter().fold(0.0f32, |a, x| a.max(x.abs()));
        for (got, want) in got.iter().zip(&want) {
            assert!((got - want).abs() < 0.02 * size, "{got}, not {want}, of {size}");
        }
    }
}

#[test]
fn what_is_stored_otherwise_is_named() {
    for device in testing_devices() {
        let x = randn(&device, &[1, 2, 3, 4], 1);
        let half = cast(&x, DType::BF16);
        let causal = Options::causal();
        let error = |q: &Tensor, k: &Tensor| forward(q, k, k, &causal).unwrap_err().to_string();
        if device.machine() == Machine::Wgpu {
            assert!(error(&half, &half).contains("attention takes f32, got bf16 as `q`"));
            continue;
        }
        assert!(error(&half, &x).contains("attention takes bf16, got f32 as `k`"));
        assert!(error(&x, &half).contains("attention takes f32, got bf16 as `k`"));
        let got = forward(&half, &half, &half, &causal).unwrap();
        let found = backward(&half, &half, &half, &got, &x, &causal).unwrap_err().to_string();
        assert!(found.contains("attention_backward takes bf16, got f32 as `d_out`"), "{found}");
        // A look at probabilities: f32, of whatever they are made of.
        let of = |x: &Tensor| values(&attention_weights(x, x, &causal).unwrap());
        assert_eq!(of(&half), of(&cast(&half, DType::F32)));
    }
}
