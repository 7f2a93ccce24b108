//! The smallest model that there is, and a run of it.
#![allow(dead_code)]

use std::fs;
use std::path::Path;
use strata_data::Tokenizer;
use strata_device::{Device, Settings};
use strata_transformer::train::{Length, TrainConfig, Trainer};
use strata_transformer::{Gpt, GptConfig};

pub fn cpu() -> Device {
    Device::open("cpu", Settings::default()).unwrap()
}

pub fn shape() -> GptConfig {
    GptConfig {
        vocab_size: 280,
        n_positions: 16,
        n_embd: 16,
        n_layer: 1,
        n_head: 2,
        layer_norm_epsilon: 1e-5,
    }
}

pub fn config(steps: u64) -> TrainConfig {
    TrainConfig {
        model: shape(),
        batch: 1,
        accumulate: 1,
        context: 8,
        length: Length::Steps(steps),
        lr: 1e-3,
        schedule: "constant".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: None,
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 1,
        eval_every: 1000,
        eval_batches: 1,
    }
}

pub fn tokenizer() -> Tokenizer {
    let text: &[u8] = b"one two three four five six seven eight nine ten";
    Tokenizer::train(&[text], 280).unwrap().0
}

pub fn trainer(steps: u64, device: &Device) -> Trainer {
    Trainer::new(Gpt::new(&shape(), device, 1).unwrap(), config(steps)).unwrap()
}

/// A whole checkpoint of a model that was never trained.
pub fn saved(folder: &Path, device: &Device) {
    trainer(1, device).save(folder, &tokenizer(), "test").unwrap();
}

/// Changes a JSON file.
pub fn edit(path: &Path, change: impl Fn(&mut serde_json::Value)) {
    let mut value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    change(&mut value);
    fs::write(path, value.to_string()).unwrap();
}
