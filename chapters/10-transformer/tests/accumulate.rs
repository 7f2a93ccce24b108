//! Steps of several batches: what one large batch would give, in the memory of a small one.
use serde_json::Value;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use strata_data::{
    Batch, Dataset, IGNORE, Options, Source, TokenizerChoice, TokenizerKind, prepare,
};
use strata_device::{Device, Settings, StepState, testing::testing_devices};
use strata_tensor::Tensor;
use strata_transformer::train::{Event, Length, Saves, Stop, TrainConfig, Trainer, fit};
use strata_transformer::{Error, Gpt, GptConfig, Pass};

fn config(batch: usize, accumulate: usize) -> TrainConfig {
    TrainConfig {
        model: GptConfig {
            vocab_size: 300,
            n_positions: 32,
            n_embd: 32,
            n_layer: 2,
            n_head: 2,
            layer_norm_epsilon: 1e-5,
        },
        batch,
        accumulate,
        context: 17,
        length: Length::Steps(7),
        lr: 3e-3,
        schedule: "cosine".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(0.5),
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 11,
        eval_every: 1000,
        eval_batches: 1,
    }
}

fn stories(tokenizer: TokenizerChoice) -> Dataset {
    let (source, vocab_size, context, seed) = (Source::Stories, 300, 17, 11);
    prepare(Options { source, tokenizer, vocab_size, context, seed }, &mut |_| ()).unwrap()
}

fn fresh_stories() -> Dataset {
    stories(TokenizerChoice::Train(TokenizerKind::Bpe))
}

fn fresh(config: &TrainConfig, device: &Device) -> Trainer {
    let model = Gpt::new(&config.model, device, config.seed).unwrap();
    Trainer::new(model, config.clone()).unwrap()
}

fn grads(trainer: &Trainer) -> Vec<f32> {
    trainer.model().parameters().grads().unwrap().to_vec().unwrap()
}

fn near(what: &str, device: &Device, got: &[f32], want: &[f32]) {
    let size = want.iter().fold(0f32, |a, b| a.max(b.abs()));
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!(
            (got - want).abs() <= 2e-5 * size,
            "{what} on {device:?} at {i}: {got}, not {want}"
        );
    }
}

/// One batch of the rows of several.
fn joined(batches: &[Batch]) -> Batch {
    let mut all = batches[0].clone();
    for batch in &batches[1..] {
        all.inputs.extend(&batch.inputs);
        all.targets.extend(&batch.targets);
        all.batch += batch.batch;
        all.scored += batch.scored;
    }
    all
}

/// Leaves only every `n`-th target of a batch scored.
fn thin(batch: &mut Batch, n: usize) {
    let targets = batch.targets.iter_mut().enumerate();
    targets.filter(|(i, _)| !i.is_multiple_of(n)).for_each(|(_, target)| *target = IGNORE);
    batch.scored = batch.targets.iter().filter(|&&t| t != IGNORE).count();
}

#[test]
fn several_batches_are_one_large_one() {
    let data = fresh_stories();
    for device in testing_devices() {
        for smoothing in [0.0, 0.1] {
            let small = TrainConfig { label_smoothing: smoothing, ..config(2, 3) };
            let (mut parts, mut whole) = (
                fresh(&small, &device),
                fresh(&TrainConfig { batch: 6, accumulate: 1, ..small.clone() }, &device),
            );
            for step in 0..4 {
                let mut batches = parts.batches(&data, step);
                assert_eq!(joined(&batches).inputs, data.train(step, 6).inputs, "the same stories");
                if step > 0 {
                    // A mean of means would give each of these the same weight.
                    thin(&mut batches[1], 30);
                    thin(&mut batches[2], step as usize);
                }
                if step == 3 {
                    batches[0].targets.fill(IGNORE);
                    batches[0].scored = 0;
                }
                let got = parts.step_of(&batches, 1e-3).unwrap();
                let want = whole.step(&joined(&batches), 1e-3).unwrap();
                near("loss", &device, &[got.loss, got.norm], &[want.loss, want.norm]);
                assert_eq!((got.step, got.tokens, got.lr), (want.step, want.tokens, want.lr));
                // Adam's steps are as large where a gradient is nearly 0: only what led to them agrees.
                near("gradients", &device, &grads(&parts), &grads(&whole));
                let (to, from) = (parts.model().parameters(), whole.model().parameters());
                let (m, v) = parts.optimizer().moments();
                let (wm, wv) = whole.optimizer().moments();
                for (to, from) in
                    [(&to.values().unwrap(), &from.values().unwrap()), (m, wm), (v, wv)]
                {
                    to.write(&from.to_vec::<f32>().unwrap()).unwrap();
                }
            }
        }
    }
}

#[test]
fn seven_steps_are_three_and_four_more_byte_for_byte() {
    let device = &testing_devices()[0];
    let config = TrainConfig { dropout: 0.1, label_smoothing: 0.05, ..config(2, 3) };
    let (whole, halves) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let run = |trainer: &mut Trainer, data: &Dataset, folder: &Path, until: u64| {
        let mut on = |event: Event| match event {
            Event::Step(p) if p.report.step >= until => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        };
        fit(trainer, data, Some(&Saves::to(folder).unwrap()), "stories", &mut on).unwrap().stop
    };
    let data = fresh_stories();
    assert_eq!(run(&mut fresh(&config, device), &data, whole.path(), 99), Stop::Finished);
    assert_eq!(run(&mut fresh(&config, device), &data, halves.path(), 3), Stop::Asked);
    let text = fs::read_to_string(halves.path().join("trainer.json")).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kept["config"]["accumulate"], 3, "{text}");
    let (mut trainer, tokenizer, _) = Trainer::resume(halves.path(), device).unwrap();
    assert_eq!(trainer.config(), &config);
    let data = stories(TokenizerChoice::Use(tokenizer));
    assert_eq!(run(&mut trainer, &data, halves.path(), 99), Stop::Finished);
    for name in ["model.safetensors", "optimizer.safetensors"] {
        let read = |folder: &Path| fs::read(folder.join(name)).unwrap();
        assert!(read(whole.path()) == read(halves.path()), "{name} differs");
    }
}

#[test]
fn checkpoints_from_before_there_was_a_choice_are_resumed() {
    let (device, data) = (&testing_devices()[0], fresh_stories());
    let folder = tempfile::tempdir().unwrap();
    let mut trainer = fresh(&config(2, 1), device);
    trainer.step(&data.train(0, 2), 1e-3).unwrap();
    trainer.save(folder.path(), data.tokenizer(), "stories").unwrap();
    let path = folder.path().join("trainer.json");
    let mut old: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let of = old["config"].as_object_mut().unwrap();
    assert!(of.remove("accumulate").is_some() && of.remove("label_smoothing").is_some());
    fs::write(&path, old.to_string()).unwrap();
    let (trainer, _, _) = Trainer::resume(folder.path(), device).unwrap();
    assert_eq!(trainer.config(), &config(2, 1));
    // More than its rows hold.
    old["state"]["tokens"] = 35.into();
    fs::write(&path, old.to_string()).unwrap();
    let error = Trainer::resume(folder.path(), device).unwrap_err().to_string();
    assert!(error.contains("1 steps of 2 rows of 17 tokens"), "{error}");
}

/// Rows of padding score nothing, and a run that had some can still be gone on with.
#[test]
fn a_run_that_scored_little_is_resumed() {
    let (device, data) = (&testing_devices()[0], fresh_stories());
    for accumulate in [1, 2] {
        let folder = tempfile::tempdir().unwrap();
        let mut trainer = fresh(&config(2, accumulate), device);
        let mut batch = data.train(0, 2);
        batch.targets.fill(IGNORE);
        let report = trainer.step_of(&vec![batch; accumulate], 1e-3).unwrap();
        assert_eq!((report.loss, report.norm, report.tokens), (0.0, 0.0, 0));
        trainer.save(folder.path(), data.tokenizer(), "stories").unwrap();
        let (trainer, _, _) = Trainer::resume(folder.path(), device).unwrap();
        assert_eq!((trainer.done().step, trainer.done().tokens), (1, 0));
    }
}

#[test]
fn each_batch_drops_something_else() {
    let data = fresh_stories();
    for device in testing_devices() {
        let dropping = TrainConfig { dropout: 0.5, ..config(2, 1) };
        let batch = data.train(0, 2);
        // Without a learning rate the weights stay: only the masks tell the two steps apart.
        let mut one = fresh(&dropping, &device);
        let [a, b] = [0, 1].map(|_| one.step(&batch, 0.0).unwrap().loss);
        let mut two = fresh(&TrainConfig { accumulate: 2, ..dropping }, &device);
        let both = two.step_of(&[batch.clone(), batch], 0.0).unwrap().loss;
        assert!((a - b).abs() > 1e-3, "{device:?}: {a} {b}");
        assert!((both - (a + b) / 2.0).abs() < 1e-5, "{device:?}: {both}, not of {a} and {b}");
    }
}

#[test]
fn nothing_is_allocated_after_the_second_step() {
    let data = fresh_stories();
    for device in testing_devices() {
        let mut trainer = fresh(&TrainConfig { dropout: 0.1, ..config(2, 3) }, &device);
        let counts: Vec<_> = (0..6)
            .map(|step| {
                trainer.step_of(&trainer.batches(&data, step), 1e-3).unwrap();
                (device.stats().allocations, device.stats().bytes)
            })
            .collect();
        assert_eq!(counts[1], counts[5], "{device:?}: {counts:?}");
    }
}

#[test]
fn the_device_holds_one_batch_at_a_time() {
    let data = fresh_stories();
    let bytes = |accumulate| {
        // A device of its own: what others have allocated is not counted.
        let device = Device::open("cpu", Settings::default()).unwrap();
        let before = device.stats().bytes;
        let mut trainer = fresh(&config(4, accumulate), &device);
        let batches: Vec<Batch> = (0..accumulate as u64).map(|i| data.train(i, 4)).collect();
        for _ in 0..3 {
            trainer.step_of(&batches, 1e-3).unwrap();
        }
        device.stats().bytes - before
    };
    let (one, four) = (bytes(1), bytes(4));
    assert!(one > 1 << 20 && four <= one + (1 << 16), "{one}, then {four}");
}

#[test]
fn a_step_without_a_loss_changes_nothing_and_names_the_first_tensor() {
    let data = fresh_stories();
    for device in testing_devices() {
        let mut trainer = fresh(&config(2, 2), &device);
        for step in 0..3 {
            trainer.step_of(&trainer.batches(&data, step), 1e-3).unwrap();
        }
        let gain = trainer.model().parameters().get("transformer.h.1.ln_2.weight").unwrap().clone();
        gain.value().write(&[1e38f32; 32]).unwrap();
        let before: Vec<f32> = trainer.model().parameters().values().unwrap().to_vec().unwrap();
        let error = trainer.step_of(&trainer.batches(&data, 3), 1e-3).unwrap_err();
        let Error::NonFinite { step, tensor, .. } = &error else { panic!("{error}") };
        assert!(*step == 4 && tensor.contains("h.1."), "{device:?}: {tensor}");
        let after: Vec<f32> = trainer.model().parameters().values().unwrap().to_vec().unwrap();
        assert!(before == after && trainer.done().step == 3);
    }
}

#[test]
fn labels_are_smoothed_in_training_and_not_in_an_evaluation() {
    let data = fresh_stories();
    for device in testing_devices() {
        let plain = config(2, 1);
        let smooth = TrainConfig { label_smoothing: 0.2, ..plain.clone() };
        let [mut plain, mut smooth] = [plain, smooth].map(|config| fresh(&config, &device));
        let held_out = |trainer: &Trainer| trainer.evaluate([data.validation(0, 2)]).unwrap();
        assert_eq!(held_out(&plain), held_out(&smooth));
        for step in 0..30 {
            plain.step(&data.train(step, 2), 3e-3).unwrap();
            smooth.step(&data.train(step, 2), 3e-3).unwrap();
        }
        // A smoothed loss is above the plain one once something is learned.
        let batch = data.train(99, 2);
        let all = smooth.evaluate([batch.clone()]).unwrap().nats_per_token();
        let shown = f64::from(smooth.step(&batch, 0.0).unwrap().loss);
        assert!(shown > all + 0.1, "{device:?}: {shown}, {all}");
    }
}

#[test]
fn a_loop_of_ones_own_gathers_until_the_gradients_are_zeroed() {
    let data = fresh_stories();
    for device in testing_devices() {
        let model = Gpt::new(&config(1, 1).model, &device, 3).unwrap();
        let state = device.step_state(StepState::default()).unwrap();
        let pass = Pass { state: &state, dropout: 0.0 };
        let mut batches = [data.train(0, 2), data.train(1, 2)];
        thin(&mut batches[1], 5);
        let loss = |batch: &Batch| {
            let tensor =
                |ids: &[u32]| Tensor::from_slice(&device, ids, &[batch.batch, 17]).unwrap();
            model.loss(&tensor(&batch.inputs), &tensor(&batch.targets), pass).unwrap()
        };
        let arena = || model.parameters().grads().unwrap().to_vec::<f32>().unwrap();
        loss(&joined(&batches)).backward().unwrap();
        let want = arena();
        model.parameters().zero_grad().unwrap();
        let all = (batches[0].scored + batches[1].scored) as f64;
        for batch in &batches {
            loss(batch)
                .affine((batch.scored as f64 / all) as f32, 0.0)
                .unwrap()
                .backward()
                .unwrap();
        }
        near("gradients", &device, &arena(), &want);
    }
}

#[test]
fn a_wrong_number_of_batches_is_an_error() {
    let (device, data) = (&testing_devices()[0], fresh_stories());
    let mut trainer = fresh(&config(2, 3), device);
    let batch = data.train(0, 2);
    let says = |trainer: &mut Trainer, batches: &[Batch], part: &str| {
        let error = trainer.step_of(batches, 1e-3).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    };
    says(
        &mut trainer,
        &vec![batch.clone(); 2],
        "batches given: 2; a step of this run takes 3 (accumulate)",
    );
    says(&mut trainer, &[], "batches given: 0; ");
    assert!(trainer.step(&batch, 1e-3).unwrap_err().to_string().contains("batches given: 1; "));
    // What is wrong with the last batch is known before the first has been run.
    let before = grads(&trainer);
    says(&mut trainer, &[batch.clone(), batch.clone(), data.train(0, 3)], "a batch of [3, 17]");
    assert!(before == grads(&trainer) && trainer.done().step == 0);
    trainer.step_of(&vec![batch; 3], 1e-3).unwrap();
}
