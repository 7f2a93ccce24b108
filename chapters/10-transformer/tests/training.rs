//! The trainer: it resumes to the bit, allocates nothing, records, and says where a NaN began.
use std::path::Path;
use strata_data::{Dataset, Options, Source, TokenizerChoice, TokenizerKind, prepare};
use strata_device::Device;
use strata_device::testing::testing_devices;
use strata_transformer::train::{Event, Length, Saves, Stop, TrainConfig, Trainer, fit};
use strata_transformer::{Error, Gpt, GptConfig};

fn config(steps: u64) -> TrainConfig {
    TrainConfig {
        model: GptConfig {
            vocab_size: 300,
            n_positions: 32,
            n_embd: 32,
            n_layer: 2,
            n_head: 2,
            layer_norm_epsilon: 1e-5,
        },
        batch: 3,
        accumulate: 1,
        context: 17,
        length: Length::Steps(steps),
        lr: 3e-3,
        schedule: "cosine".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.1,
        label_smoothing: 0.0,
        seed: 11,
        eval_every: 1000,
        eval_batches: 1,
    }
}

fn data(config: &TrainConfig, tokenizer: TokenizerChoice) -> Dataset {
    let options = Options {
        source: Source::Stories,
        tokenizer,
        vocab_size: config.model.vocab_size,
        context: config.context,
        seed: config.seed,
    };
    prepare(options, &mut |_| ()).unwrap()
}

fn fresh(config: &TrainConfig, device: &Device) -> (Trainer, Dataset) {
    let data = data(config, TokenizerChoice::Train(TokenizerKind::Bpe));
    let model = Gpt::new(&config.model, device, config.seed).unwrap();
    (Trainer::new(model, config.clone()).unwrap(), data)
}

/// Trains to the end, or until `until` steps are done, and saves into `folder`.
fn run(trainer: &mut Trainer, data: &Dataset, folder: &Path, until: u64) -> Stop {
    let mut on = |event: Event| match event {
        Event::Step(p) if p.report.step >= until => std::ops::ControlFlow::Break(()),
        _ => std::ops::ControlFlow::Continue(()),
    };
    let saves = Saves::to(folder).unwrap();
    fit(trainer, data, Some(&saves), "stories", &mut on).unwrap().stop
}

#[test]
fn twenty_steps_are_ten_and_ten_more_byte_for_byte() {
    let config = config(20);
    let device = &testing_devices()[0];
    let (whole, halves) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut trainer, text) = fresh(&config, device);
    assert_eq!(run(&mut trainer, &text, whole.path(), u64::MAX), Stop::Finished);
    let (mut trainer, text) = fresh(&config, device);
    assert_eq!(run(&mut trainer, &text, halves.path(), 10), Stop::Asked);
    drop(trainer);
    let (mut trainer, tokenizer, file) = Trainer::resume(halves.path(), device).unwrap();
    assert_eq!(file.state.step, 10);
    let text = data(&config, TokenizerChoice::Use(tokenizer));
    assert_eq!(run(&mut trainer, &text, halves.path(), u64::MAX), Stop::Finished);
    for name in ["model.safetensors", "optimizer.safetensors", "config.json", "tokenizer.json"] {
        let read = |folder: &Path| std::fs::read(folder.join(name)).unwrap();
        assert!(read(whole.path()) == read(halves.path()), "{name} differs");
    }
    let left: Vec<_> = std::fs::read_dir(halves.path()).unwrap().collect();
    assert_eq!(left.len(), 5, "a temporary file was left: {left:?}");
}

#[test]
fn after_the_second_step_nothing_is_allocated() {
    for device in testing_devices() {
        let config = config(12);
        let (mut trainer, text) = fresh(&config, &device);
        let mut counts = Vec::new();
        for step in 0..8 {
            trainer.step(&text.train(step, config.batch), 1e-3).unwrap();
            counts.push(device.stats().allocations);
        }
        assert_eq!(counts[1], counts[7], "{device:?}: {counts:?}");
    }
}

#[test]
fn a_recorded_step_does_what_the_launches_did() {
    for device in testing_devices() {
        // The same step state and batch, so that the same loss must come out: with dropout, whose
        // mask depends on the step that the recording reads on the device.
        let config = config(12);
        let (mut recorded, text) = fresh(&config, &device);
        let losses: Vec<f32> = (0..6)
            .map(|s| recorded.step(&text.train(s, config.batch), 1e-3).unwrap().loss)
            .collect();
        let cpu = &testing_devices()[0];
        let (mut plain, text) = fresh(&config, cpu);
        for (s, loss) in losses.iter().enumerate() {
            let want = plain.step(&text.train(s as u64, config.batch), 1e-3).unwrap().loss;
            assert!((loss - want).abs() < 1e-3 * want, "step {s} on {device:?}: {loss} {want}");
        }
    }
}

#[test]
fn a_loss_that_is_no_number_names_the_first_tensor() {
    for device in testing_devices() {
        let config = TrainConfig { dropout: 0.0, ..config(12) };
        let (mut trainer, text) = fresh(&config, &device);
        for step in 0..4 {
            trainer.step(&text.train(step, config.batch), 1e-3).unwrap();
        }
        let gain = trainer.model().parameters().get("transformer.h.1.ln_2.weight").unwrap().clone();
        gain.value().write(&[1e38f32; 32]).unwrap();
        let before: Vec<f32> = trainer.model().parameters().values().unwrap().to_vec().unwrap();
        let error = trainer.step(&text.train(4, config.batch), 1e-3).unwrap_err();
        let Error::NonFinite { step, tensor, .. } = &error else { panic!("{error}") };
        assert_eq!(*step, 5);
        assert!(tensor.contains("h.1."), "{device:?}: {tensor}");
        let after: Vec<f32> = trainer.model().parameters().values().unwrap().to_vec().unwrap();
        assert!(before == after, "a step without a loss must change nothing");
    }
}

#[test]
fn a_batch_that_does_not_fit_is_an_error() {
    let device = &testing_devices()[0];
    let config = config(12);
    let (mut trainer, text) = fresh(&config, device);
    let mut batch = text.train(0, config.batch);
    batch.inputs[0] = 300;
    let message = trainer.step(&batch, 1e-3).unwrap_err().to_string();
    assert!(message.contains("300"), "{message}");
    let message = trainer.step(&text.train(0, 2), 1e-3).unwrap_err().to_string();
    assert!(message.contains("[2, 17]") && message.contains("[3, 17]"), "{message}");
}

#[test]
fn a_model_learns() {
    for device in testing_devices() {
        let config = TrainConfig { dropout: 0.0, ..config(40) };
        let (mut trainer, text) = fresh(&config, &device);
        let first = trainer.step(&text.train(0, config.batch), 3e-3).unwrap().loss;
        let mut last = first;
        for step in 1..40 {
            last = trainer.step(&text.train(step, config.batch), 3e-3).unwrap().loss;
        }
        assert!(last < first - 1.0, "{device:?}: {first} to {last}");
    }
}

#[test]
fn steps_made_by_hand_are_those_of_fit() {
    let device = &testing_devices()[0];
    let config = TrainConfig { eval_every: 4, ..config(7) };
    let (mut trainer, text) = fresh(&config, device);
    let mut fitted = Vec::new();
    let mut on = |event: Event| {
        if let Event::Step(progress) = event {
            fitted.push(progress.report);
        }
        std::ops::ControlFlow::Continue(())
    };
    fit(&mut trainer, &text, None, "stories", &mut on).unwrap();
    let (mut mine, _) = fresh(&config, device);
    for want in &fitted {
        let step = mine.done().step;
        let lr = mine.scheduled_lr(step).unwrap();
        assert_eq!(mine.step(&text.train(step, config.batch), lr).unwrap(), *want);
    }
    assert_eq!(fitted.len(), 7);
    mine.set_length(Length::Minutes(1.0)).unwrap();
    assert!(mine.scheduled_lr(0).unwrap_err().to_string().contains("minutes"));
}

#[test]
fn a_clone_of_a_model_and_a_generator_follow_its_training() {
    use strata_transformer::{Generator, Sampling};
    let device = &testing_devices()[0];
    let config = config(3);
    let (mut trainer, text) = fresh(&config, device);
    let twin = trainer.model().clone();
    let mut early = Generator::new(trainer.model(), Sampling::default()).unwrap();
    let before: Vec<f32> = twin.parameters().values().unwrap().to_vec().unwrap();
    trainer.step(&text.train(0, config.batch), 3e-3).unwrap();
    let after: Vec<f32> = twin.parameters().values().unwrap().to_vec().unwrap();
    assert_ne!(before, after);
    drop(trainer);
    // The generator holds the weights by itself, and reads them as they are now.
    let mut late = Generator::new(&twin, Sampling::default()).unwrap();
    assert_eq!(early.read(&[1, 2, 3]).unwrap(), late.read(&[1, 2, 3]).unwrap());
}
