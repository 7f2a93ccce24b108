//! The copy in 16 bits that a model computes with: written by the step's own launch, the values rounded.
use strata_adamw::{
    AdamW, AdamWConfig, Sgd, SgdConfig, adamw, adamw_with_shadow, global_norm, sgd, sgd_with_shadow,
};
use strata_autograd::{Init, ParamBuilder};
use strata_check::sample;
use strata_device::{Buffer, Device, Machine, StepState, testing::testing_devices};
use strata_tensor::{DType, Tensor, ops};

const HALVES: [DType; 2] = [DType::BF16, DType::F16];

/// Every rung of an op on the devices that have one for a shadow, with a handle that takes it.
fn rungs(op: &'static str) -> Vec<(&'static str, Device)> {
    let ladder = strata_adamw::ladders().into_iter().find(|l| l.op == op).unwrap();
    let mut all = Vec::new();
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        for rung in ladder.rungs.iter().filter(|r| r.machines.contains(&device.machine())) {
            all.push((rung.name, device.with_rung(op, rung.name)));
        }
    }
    all
}

fn vector(device: &Device, data: &[f32]) -> Tensor {
    Tensor::from_slice(device, data, &[data.len()]).unwrap()
}

fn shadow(device: &Device, n: usize, dtype: DType) -> Tensor {
    Tensor::full(device, &[n], f32::NAN).unwrap().cast(dtype).unwrap()
}

fn read(t: &Tensor) -> Vec<f32> {
    t.cast(DType::F32).unwrap().to_vec().unwrap()
}

/// What is there now, rounded.
fn rounded(values: &Tensor, dtype: DType) -> Vec<f32> {
    read(&values.cast(dtype).unwrap())
}

fn state(device: &Device, step: u32, lr: f32) -> Buffer {
    device.step_state(StepState { step, lr, ..StepState::default() }).unwrap()
}

#[test]
fn adamw_s_shadow_is_the_new_values_rounded_and_changes_none() {
    let config = AdamWConfig { weight_decay: 0.1, clip: Some(1.0), ..AdamWConfig::default() };
    for (rung, device) in rungs("adamw") {
        // More than one task, or one workgroup; and a tail, where the rung takes one.
        for n in [4, 70_004, 1031].into_iter().filter(|n| n % 4 == 0 || rung == "1_naive") {
            for dtype in HALVES {
                let fresh = || {
                    let zeros = vec![0.0; n];
                    let values = sample::normal(1, n);
                    [&values, &zeros, &zeros].map(|data| vector(&device, data))
                };
                let ([p, m, v], [q, mq, vq]) = (fresh(), fresh());
                let copy = shadow(&device, n, dtype);
                for step in 1..=3 {
                    let g = vector(&device, &sample::normal(7 + u64::from(step), n));
                    let (norm, at) = (global_norm(&g).unwrap(), state(&device, step, 0.01));
                    let arenas = [&p, &g, &m, &v];
                    adamw_with_shadow(arenas, &copy, &at, &norm, n / 3, config).unwrap();
                    assert_eq!(read(&copy), rounded(&p, dtype), "{rung}, {n}, step {step}");
                    adamw([&q, &g, &mq, &vq], &at, &norm, n / 3, config).unwrap();
                }
                for (with, without) in [(&p, &q), (&m, &mq), (&v, &vq)] {
                    assert_eq!(read(with), read(without), "{rung}, {n}, {dtype}");
                }
            }
        }
    }
}

#[test]
fn sgd_s_shadow_is_the_new_values_rounded_and_changes_none() {
    for (rung, device) in rungs("sgd") {
        for (n, momentum) in [(4, 0.0), (70_001, 0.9), (1031, 0.9), (1031, 0.0)] {
            for dtype in HALVES {
                let config = SgdConfig { momentum, weight_decay: 0.01, clip: Some(3.0) };
                let [p, q] = [(); 2].map(|()| vector(&device, &sample::normal(1, n)));
                let [u, uq] = [(); 2].map(|()| vector(&device, &vec![0.0; n]));
                let copy = shadow(&device, n, dtype);
                for step in 1..=3 {
                    let g = vector(&device, &sample::normal(7 + u64::from(step), n));
                    let (norm, at) = (global_norm(&g).unwrap(), state(&device, step, 0.1));
                    let held = |u| (momentum > 0.0).then_some(u);
                    sgd_with_shadow([&p, &copy], &g, held(&u), &at, &norm, n / 3, config).unwrap();
                    assert_eq!(read(&copy), rounded(&p, dtype), "{rung}, {n}, {momentum}");
                    sgd(&q, &g, held(&uq), &at, &norm, n / 3, config).unwrap();
                }
                assert_eq!(read(&p), read(&q), "{rung}, {n}, {momentum}, {dtype}");
            }
        }
    }
}

#[test]
fn a_step_that_is_left_out_leaves_the_shadow() {
    for (rung, device) in rungs("adamw").into_iter().chain(rungs("sgd")) {
        let fresh = |x: f32| vector(&device, &[x; 4]);
        let copy = fresh(3.0).cast(DType::BF16).unwrap();
        let (p, g, m, v, at) =
            (fresh(3.0), fresh(1.0), fresh(0.5), fresh(0.25), state(&device, 1, 0.1));
        for bad in [f32::NAN, f32::INFINITY] {
            let norm = Tensor::from_slice(&device, &[bad], &[]).unwrap();
            let config = AdamWConfig::default();
            adamw_with_shadow([&p, &g, &m, &v], &copy, &at, &norm, 4, config).unwrap();
            let config = SgdConfig { momentum: 0.9, ..SgdConfig::default() };
            sgd_with_shadow([&p, &copy], &g, Some(&m), &at, &norm, 4, config).unwrap();
            assert_eq!([read(&p), read(&copy)], [[3.0; 4], [3.0; 4]], "{rung}");
        }
    }
}

/// What masters in f32 are for: one step is too small for bf16 to show, many are not.
#[test]
fn small_steps_add_up_in_f32() {
    for device in testing_devices().into_iter().filter(|d| d.machine() != Machine::Wgpu) {
        let builder = ParamBuilder::new();
        builder.param("w", &[64], Init::Ones, true);
        let parameters = builder.build(&device, 1).unwrap();
        let copy = parameters.values().unwrap().cast(DType::BF16).unwrap();
        ops::copy_into(&Tensor::ones(&device, copy.shape()).unwrap(), &parameters.grads().unwrap())
            .unwrap();
        let config = AdamWConfig { weight_decay: 0.0, ..AdamWConfig::default() };
        let optimizer = AdamW::new(&parameters, config).unwrap().with_shadow(&copy).unwrap();
        let buffer =
            device.step_state(StepState { step: 1, lr: 1e-4, ..Default::default() }).unwrap();
        let step = || optimizer.step(&buffer);
        step().unwrap();
        assert_eq!(read(&copy)[..64], [1.0; 64]);
        // Recorded as a training step is, into the same shadow.
        let before = device.stats();
        step().unwrap();
        assert_eq!(device.stats().allocations, before.allocations);
        let ((), tape) = device.record(step).unwrap();
        for number in 3..=50 {
            let now = StepState { step: number, lr: 1e-4, ..Default::default() };
            buffer.write(0, bytemuck::bytes_of(&now)).unwrap();
            device.replay(&tape).unwrap();
        }
        assert_eq!(read(&copy)[..64], [0.996_093_75; 64]);
        assert_eq!(read(&copy), rounded(&parameters.values().unwrap(), DType::BF16));

        let plain = Sgd::new(&parameters, SgdConfig::default()).unwrap();
        plain.with_shadow(&copy).unwrap().step(&buffer).unwrap();
        assert_eq!(read(&copy), rounded(&parameters.values().unwrap(), DType::BF16));
    }
}

#[test]
fn what_is_no_shadow_is_named() {
    for device in testing_devices() {
        let builder = ParamBuilder::new();
        builder.param("w", &[64], Init::Ones, true);
        let parameters = builder.build(&device, 1).unwrap();
        let at = state(&device, 1, 0.1);
        let optimizer = || AdamW::new(&parameters, AdamWConfig::default()).unwrap();
        let n = parameters.arena_len();
        for (wrong, says) in [
            (Tensor::zeros(&device, DType::F32, &[n]), "a shadow in bf16 or f16, got f32"),
            (Tensor::zeros(&device, DType::U32, &[n]), "a shadow in bf16 or f16, got u32"),
            (Tensor::zeros(&device, DType::BF16, &[n - 1]), "shape of the values"),
        ] {
            let wrong = wrong.unwrap();
            let error = optimizer().with_shadow(&wrong).unwrap_err().to_string();
            assert!(error.starts_with("adamw") && error.contains(says), "{error}");
            let plain = Sgd::new(&parameters, SgdConfig::default()).unwrap();
            let error = plain.with_shadow(&wrong).unwrap_err().to_string();
            assert!(error.starts_with("sgd") && error.contains(says), "{error}");
        }
        let halves = shadow(&device, n, DType::BF16);
        if device.machine() == Machine::Wgpu {
            let error =
                optimizer().with_shadow(&halves).unwrap().step(&at).unwrap_err().to_string();
            assert!(error.contains("adamw takes f32, got bf16 as `shadow`"), "{error}");
        }
        let elsewhere = Device::open("cpu", Default::default()).unwrap();
        let error = optimizer().with_shadow(&shadow(&elsewhere, n, DType::BF16)).unwrap_err();
        assert!(error.to_string().contains("to_device"), "{error}");
        // The same bytes as the moments, seen as halves.
        let [p, g, m, v] = [(); 4].map(|()| vector(&device, &[1.0; 256]));
        let inside = Tensor::from_buffer(m.buffer().clone(), DType::BF16, p.layout().clone());
        let norm = Tensor::from_slice(&device, &[1.0f32], &[]).unwrap();
        let config = AdamWConfig::default();
        let error = adamw_with_shadow([&p, &g, &m, &v], &inside.unwrap(), &at, &norm, 0, config)
            .unwrap_err();
        assert!(error.to_string().contains("m and shadow are in one piece of memory"), "{error}");
    }
}
