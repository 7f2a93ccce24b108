//! Models whose numbers are none, settings that make no sense, and texts that change under a run.
mod common;

use common::{config, cpu, saved, shape, tokenizer, trainer};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use strata_data::{Dataset, Options, Source, TokenizerChoice, prepare};
use strata_device::testing::testing_devices;
use strata_transformer::checkpoint::{self, TrainerFile};
use strata_transformer::train::{Event, Length, Saves, TrainConfig, Trainer, fit};
use strata_transformer::{Error, Generator, Gpt, Sampling};

#[test]
fn a_model_of_no_numbers_writes_nothing() {
    for device in testing_devices() {
        for (name, bad) in [
            ("transformer.wte.weight", f32::NAN),
            ("transformer.h.0.ln_1.bias", f32::NAN),
            ("transformer.ln_f.weight", f32::INFINITY),
            ("transformer.ln_f.bias", f32::NEG_INFINITY),
        ] {
            let model = Gpt::new(&shape(), &device, 1).unwrap();
            assert_eq!(model.non_finite_parameter().unwrap(), None);
            let parameter = model.parameters().get(name).unwrap().clone();
            let n = parameter.value().numel();
            parameter.value().write(&vec![bad; n]).unwrap();
            assert_eq!(model.non_finite_parameter().unwrap().as_deref(), Some(name));
            let mut writer = Generator::new(&model, Sampling::default()).unwrap();
            for prompt in [&[1u32][..], &[1, 2, 3]] {
                let error = writer.read(prompt).unwrap_err();
                assert!(matches!(error, Error::NotFinite { .. }), "{error}");
                assert!(error.to_string().contains(name), "{error}");
            }
            let trainer = Trainer::new(model, config(1)).unwrap();
            let folder = tempfile::tempdir().unwrap();
            let text = text(folder.path(), "one two three ");
            let error = trainer.evaluate([text.validation(0, 1)]).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
            // Padding has no loss, and is none.
            let nothing = trainer.evaluate([text.validation(usize::MAX, 1)]).unwrap();
            assert_eq!((nothing.tokens, nothing.nats), (0, 0.0));
        }
    }
}

#[test]
fn settings_are_named_without_a_flag() {
    let base = config(1);
    let cases: [(TrainConfig, &str); 12] = [
        (TrainConfig { batch: 0, ..base.clone() }, "batch is 0"),
        (TrainConfig { accumulate: 0, ..base.clone() }, "accumulate is 0; with batches of 1"),
        (TrainConfig { accumulate: 65_537, ..base.clone() }, "between 1 and 65536"),
        (TrainConfig { batch: 3, accumulate: 21_846, ..base.clone() }, "between 1 and 21845"),
        (TrainConfig { label_smoothing: 1.5, ..base.clone() }, "label smoothing is 1.5"),
        (TrainConfig { context: 17, ..base.clone() }, "context is 17; this model takes 1 to 16"),
        (TrainConfig { length: Length::Steps(0), ..base.clone() }, "steps is 0"),
        (TrainConfig { length: Length::Minutes(-1.0), ..base.clone() }, "minutes is -1"),
        (TrainConfig { lr: 0.0, ..base.clone() }, "learning rate is 0"),
        (TrainConfig { dropout: f32::NAN, ..base.clone() }, "dropout is NaN"),
        (TrainConfig { weight_decay: -1.0, ..base.clone() }, "weight decay is -1"),
        (TrainConfig { betas: (1.0, 0.9), ..base }, "beta 1 is 1"),
    ];
    for (bad, says) in cases {
        let message = bad.validate().unwrap_err().to_string();
        assert!(message.contains(says) && !message.contains("--"), "{message}");
    }
    let error = Error::NonFinite { step: 1, loss: f32::NAN, tensor: "x".into() };
    assert!(!error.to_string().contains("--"), "{error}");
}

fn text(folder: &Path, line: &str) -> Dataset {
    let path = folder.join("text.txt");
    fs::write(&path, line.repeat(30)).unwrap();
    let options = Options {
        source: Source::Path(path),
        tokenizer: TokenizerChoice::Use(tokenizer()),
        vocab_size: 280,
        context: 8,
        seed: 1,
    };
    prepare(options, &mut |_| ()).unwrap()
}

/// Goes on until a step is done; has it been said that the text changed?
fn one_more(trainer: &mut Trainer, data: &Dataset, folder: &Path) -> bool {
    let mut said = false;
    let saves = Saves::to(folder).unwrap();
    fit(trainer, data, Some(&saves), "../text.txt", &mut |event| match event {
        Event::TextChanged { .. } => {
            said = true;
            ControlFlow::Continue(())
        }
        Event::Step(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    })
    .unwrap();
    said
}

#[test]
fn an_edited_text_is_said_when_a_run_goes_on() {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("run");
    let (first, other) = ("one two three four ", "one two three five ");
    let mut trainer = trainer(100, &cpu());
    assert!(!one_more(&mut trainer, &text(root.path(), first), &run));
    let resume = || Trainer::resume(&run, &cpu()).unwrap().0;
    // The same text, wherever it lies and however often it is read.
    assert!(!one_more(&mut resume(), &text(root.path(), first), &run));
    let moved = root.path().join("moved");
    fs::create_dir(&moved).unwrap();
    assert!(!one_more(&mut resume(), &text(&moved, first), &run));
    assert!(one_more(&mut resume(), &text(root.path(), other), &run));
    // Once said it is the run's own.
    assert!(!one_more(&mut resume(), &text(root.path(), other), &run));
    // A byte more, and a save without a step.
    resume().save(&run, &tokenizer(), "../text.txt").unwrap();
    let file = TrainerFile::read_if_there(&run).unwrap().unwrap();
    let data = text(root.path(), other);
    assert_eq!(file.data_sha256.as_deref(), data.digest());
    assert!(one_more(&mut resume(), &text(root.path(), "one two three five  "), &run));
    // A run of before December 2026 knows nothing of its text, and one on stories need not.
    let at = root.path().join("old");
    saved(&at, &cpu());
    assert_eq!(TrainerFile::read_if_there(&at).unwrap().unwrap().data_sha256, None);
    assert!(checkpoint::load(&at, &cpu()).unwrap().state.is_some());
    assert!(!one_more(&mut Trainer::resume(&at, &cpu()).unwrap().0, &data, &at));
}
