//! A page must not wait. Everything that reads from a device has a form that is polled, and it comes
//! to the same numbers, bit for bit, as the one that waits.
#[path = "../../examples/page/work.rs"]
mod work;

mod late;

use late::{drive, late};
use std::ops::ControlFlow;
use std::sync::atomic::Ordering;
use strata_ml::device::testing::testing_devices;
use strata_ml::prelude::*;
use strata_ml::transformer::train::{Event, fit, fit_async, sample};
use strata_ml::transformer::{Error, Generator, Sampling, checkpoint};
use work::{Found, as_expected, fresh, work};

/// What [`work`] does, waiting for each answer.
fn waiting(device: &Device) -> Result<Found, Error> {
    let (mut trainer, data) = fresh(device)?;
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for step in 0..3 {
        let lr = trainer.scheduled_lr(step)?;
        let report = trainer.step_of(&trainer.batches(&data, step), lr)?;
        losses.push(report.loss);
        norms.push(report.norm);
    }
    let nats = trainer.evaluate((0..2).map(|i| data.validation(i, 4)))?.nats;
    let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
    let mut writer = Generator::new(trainer.model(), sampling)?;
    let first = writer.read(&data.prompt())?;
    let (token, logits) = writer.next(&first)?;
    let text = sample(&trainer, &data, 1)?;
    let weights = checkpoint::write_tensors(&checkpoint::weights(trainer.model())?)?;
    Ok(Found { losses, norms, nats, logits, token, text, weights })
}

#[test]
fn a_page_comes_to_the_same_bits_without_waiting() {
    let cpu = drive(Device::open_async("cpu", Settings::default())).unwrap();
    let want = waiting(&cpu).unwrap();
    as_expected(&want).unwrap();
    let (device, waits) = late();
    let got = drive(work(&device)).unwrap();
    assert!(waits.load(Ordering::Relaxed) > 40, "{waits:?} answers were late");
    assert_eq!(got, want);
}

#[test]
fn every_device_answers_both_ways() {
    for device in testing_devices() {
        let want = waiting(&device).unwrap();
        as_expected(&want).unwrap();
        assert_eq!(pollster::block_on(work(&device)).unwrap(), want, "{device:?}");
    }
}

#[test]
fn a_whole_run_evaluates_and_samples_without_waiting() {
    let run = |device: &Device, page: bool| {
        let (mut trainer, data) = fresh(device).unwrap();
        let mut told = Vec::new();
        let mut on = |event: Event| {
            match event {
                Event::Step(p) => told.push(format!("{:?}", p.report)),
                Event::Evaluated { step, score, .. } => told.push(format!("{step} {score:?}")),
                Event::Sample { step, text } => told.push(format!("{step} {text}")),
                other => panic!("{other:?}"),
            }
            ControlFlow::Continue(())
        };
        let outcome = match page {
            true => {
                let mut on = async |event: Event<'_>| on(event);
                drive(fit_async(&mut trainer, &data, None, "stories", &mut on))
            }
            false => fit(&mut trainer, &data, None, "stories", &mut on),
        };
        (told, format!("{:?}", outcome.unwrap()))
    };
    let cpu = Device::open("cpu", Settings::default()).unwrap();
    let want = run(&cpu, false);
    assert_eq!(want.0.len(), 6, "three steps, two evaluations, a sample: {want:?}");
    assert_eq!(run(&late().0, true), want);
}

#[test]
fn what_is_no_number_is_found_without_waiting() {
    let (device, _) = late();
    let (mut trainer, data) = fresh(&device).unwrap();
    let batches = trainer.batches(&data, 0);
    let values = trainer.model().parameters().values().unwrap();
    let mut numbers = drive(values.read::<f32>()).unwrap();
    numbers[5] = f32::NAN;
    values.write(&numbers).unwrap();
    let name = trainer.model().parameters().infos()[0].name.clone();
    match drive(trainer.step_of_async(&batches, 1e-3)) {
        Err(Error::NonFinite { step: 1, tensor, .. }) => {
            assert!(tensor.contains(&name), "{tensor}")
        }
        other => panic!("{other:?}"),
    }
    let found = drive(trainer.model().non_finite_parameter_async()).unwrap();
    assert_eq!(found.as_deref(), Some(name.as_str()));
    let error = drive(trainer.evaluate_async([data.validation(0, 4)])).unwrap_err().to_string();
    assert!(error.contains(&name), "{error}");
}

#[test]
fn tensors_are_read_and_moved_without_waiting() {
    let ((device, _), (other, _)) = (late(), late());
    let x = Tensor::from_slice(&device, &[1f32, 2., 3., 4., 5., 6.], &[2, 3]).unwrap();
    let turned = x.transpose(0, 1).unwrap();
    let want = [1f32, 4., 2., 5., 3., 6.];
    assert_eq!(drive(turned.read::<f32>()).unwrap(), want);
    let bytes: Vec<u8> = want.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(drive(turned.to_bytes_async()).unwrap(), bytes);
    let moved = drive(turned.to_device_async(&other)).unwrap();
    assert!(moved.device().same(&other));
    assert_eq!(drive(moved.read::<f32>()).unwrap(), want);
    let one = x.narrow(0, 1, 1).unwrap().narrow(1, 2, 1).unwrap();
    assert_eq!(drive(one.item_async::<f32>()).unwrap(), 6.0);
    assert!(drive(x.item_async::<f32>()).unwrap_err().to_string().contains("this has 6"));
    drive(device.synchronize_async()).unwrap();
}

#[test]
fn a_device_is_opened_by_name_and_an_unknown_one_is_told() {
    let error = drive(Device::open_async("tpu", Settings::default())).unwrap_err().to_string();
    assert!(error.contains("tpu"), "{error}");
}
