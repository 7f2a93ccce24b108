//! Whole steps over a model's arenas: padding, recording, no allocation, descent.
use strata_adamw::{AdamW, AdamWConfig, Sgd, SgdConfig};
use strata_autograd::{Init, ParamBuilder, Parameters};
use strata_device::{Buffer, Device, StepState, testing::testing_devices};

fn model(device: &Device) -> Parameters {
    let builder = ParamBuilder::new();
    builder.param("bias", &[5], Init::Normal(1.0), false);
    builder.param("weight", &[7, 11], Init::Normal(1.0), true);
    builder.build(device, 3).unwrap()
}

fn state(step: u32) -> StepState {
    StepState { step, lr: 0.05, ..StepState::default() }
}

fn write(buffer: &Buffer, state: StepState) {
    buffer.write(0, bytemuck::bytes_of(&state)).unwrap();
}

/// The gradient of half the squared norm is the parameters themselves.
fn backward(parameters: &Parameters) -> strata_tensor::Result<()> {
    strata_tensor::ops::copy_into(&parameters.values()?, &parameters.grads()?)
}

#[test]
fn steps_descend_and_leave_the_padding_alone() {
    for device in testing_devices() {
        let parameters = model(&device);
        let config = AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() };
        let optimizer = AdamW::new(&parameters, config).unwrap();
        let buffer = device.step_state(state(1)).unwrap();
        let mut last = f32::INFINITY;
        for step in 1..=20 {
            write(&buffer, state(step));
            backward(&parameters).unwrap();
            optimizer.step(&buffer).unwrap();
            let norm = optimizer.norm().item::<f32>().unwrap();
            assert!(norm < last, "step {step}: {norm} after {last}");
            last = norm;
        }
        for arena in [parameters.values().unwrap(), optimizer.moments().0.clone()] {
            let all = arena.to_vec::<f32>().unwrap();
            let mut used = vec![false; all.len()];
            for info in parameters.infos() {
                let n: usize = info.shape.iter().product();
                used[info.offset..info.offset + n].fill(true);
            }
            assert!(all.iter().zip(used).all(|(x, used)| used != (*x == 0.0)));
        }
    }
}

/// A step is only launches: recorded once, replayed with whatever the state says by then.
#[test]
fn a_recorded_step_follows_the_state() {
    for device in testing_devices() {
        let run = |recorded: bool| {
            let parameters = model(&device);
            let config = AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() };
            let optimizer = AdamW::new(&parameters, config).unwrap();
            let buffer = device.step_state(state(1)).unwrap();
            let step = || {
                backward(&parameters)?;
                optimizer.step(&buffer)
            };
            step().unwrap();
            if recorded {
                let ((), tape) = device.record(step).unwrap();
                for number in 2..=5 {
                    write(&buffer, state(number));
                    device.replay(&tape).unwrap();
                }
            } else {
                for number in 2..=5 {
                    write(&buffer, state(number));
                    step().unwrap();
                }
            }
            parameters.values().unwrap().to_vec::<f32>().unwrap()
        };
        assert_eq!(run(true), run(false), "on {}", device.info().label());
    }
}

#[test]
fn steps_allocate_nothing() {
    for device in testing_devices() {
        let parameters = model(&device);
        let buffer = device.step_state(state(1)).unwrap();
        let adamw = AdamW::new(&parameters, AdamWConfig::default()).unwrap();
        let plain = Sgd::new(&parameters, SgdConfig::default()).unwrap();
        assert!(plain.velocity().is_none());
        adamw.step(&buffer).unwrap();
        plain.step(&buffer).unwrap();
        let before = device.stats();
        for _ in 0..3 {
            adamw.step(&buffer).unwrap();
            plain.step(&buffer).unwrap();
        }
        let after = device.stats();
        assert_eq!(after.allocations, before.allocations);
        assert_eq!(after.launches - before.launches, 3 * 6, "two for the norm, one for the step");
    }
}
