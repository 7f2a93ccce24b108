//! Checkpoints: whole folders, single tensor files, settings.

use super::{INSIDE, laid, pack};
use crate::{Pack, Random, Target, mutate, seeds};
use std::sync::OnceLock;
use strata_ml::data::{Batch, Tokenizer};
use strata_ml::device::{Device, Settings};
use strata_ml::transformer::checkpoint::{self, TrainerFile, read_config, read_tensors};
use strata_ml::transformer::train::{Length, TrainConfig, Trainer};
use strata_ml::transformer::{Generator, Gpt, GptConfig, Sampling};

pub fn targets() -> Vec<Target> {
    vec![
        Target {
            name: "checkpoint",
            about: "a whole checkpoint: loaded, resumed, one step trained, two tokens written",
            run: whole,
            seeds: || vec![tiny().bytes(), foreign().bytes(), sharded().bytes()],
            mutate: signed,
            share: 4,
            ..INSIDE
        },
        Target {
            name: "tensors",
            about: "a safetensors file",
            run: tensors,
            seeds: || {
                vec![
                    tiny().get("model.safetensors").unwrap_or_default().to_vec(),
                    seeds::file("chapters/10-transformer/tests/fixtures/adamw.safetensors"),
                ]
            },
            mutate: mutate::tensors,
            ..INSIDE
        },
        Target {
            name: "settings",
            about: "config.json and trainer.json",
            run: settings,
            seeds: || {
                let keep = |name: &str| ["config.json", "trainer.json"].contains(&name);
                let mut tiny = tiny();
                tiny.files.retain(|(name, _)| keep(name));
                let mut foreign = foreign();
                foreign.files.retain(|(name, _)| keep(name));
                vec![tiny.bytes(), foreign.bytes()]
            },
            mutate: pack,
            ..INSIDE
        },
    ]
}

/// Damage, and then mostly the right checksums for it.
fn signed(data: &mut Vec<u8>, random: &mut Random) {
    pack(data, random);
    if !random.once_in(5) {
        mutate::sign(data);
    }
}

fn cpu() -> Device {
    static CPU: OnceLock<Device> = OnceLock::new();
    CPU.get_or_init(|| match Device::open("cpu", Settings::default()) {
        Ok(device) => device,
        Err(error) => panic!("no CPU device: {error}"),
    })
    .clone()
}

/// A model that is as small as one can be, and a step of its training.
pub fn tiny() -> Pack {
    static TINY: OnceLock<Pack> = OnceLock::new();
    let make = || -> Result<Pack, Box<dyn std::error::Error>> {
        let model = GptConfig {
            vocab_size: 260,
            n_positions: 8,
            n_embd: 8,
            n_layer: 1,
            n_head: 2,
            layer_norm_epsilon: 1e-5,
        };
        let (tokenizer, _) = Tokenizer::train(&[b"the cat and the hat"], 260)?;
        let config = TrainConfig {
            model: model.clone(),
            batch: 2,
            accumulate: 1,
            context: 8,
            length: Length::Steps(3),
            lr: 1e-3,
            schedule: "cosine".into(),
            betas: (0.9, 0.95),
            weight_decay: 0.1,
            clip: Some(1.0),
            dropout: 0.0,
            label_smoothing: 0.0,
            seed: 1,
            eval_every: 10,
            eval_batches: 1,
        };
        let mut trainer = Trainer::new(Gpt::new(&model, &cpu(), 1)?, config)?;
        trainer.step(&batch(2, 8, 260), 1e-3)?;
        let folder = tempfile::tempdir()?;
        trainer.save(folder.path(), &tokenizer, "stories")?;
        let mut names = vec!["config.json", "trainer.json", "tokenizer.json"];
        names.extend(["model.safetensors", "optimizer.safetensors"]);
        Ok(Pack::of_folder(folder.path(), &names)?)
    };
    TINY.get_or_init(|| make().unwrap_or_else(|e| panic!("no tiny checkpoint: {e}"))).clone()
}

/// One that `transformers` wrote: the tiny one without what is ours, its settings in their words.
fn foreign() -> Pack {
    let mut pack = tiny();
    pack.files
        .retain(|(name, _)| !["trainer.json", "optimizer.safetensors"].contains(&name.as_str()));
    let text = String::from_utf8_lossy(&seeds::file(
        "chapters/10-transformer/tests/fixtures/hf_tiny/config.json",
    ))
    .replace("\"n_embd\": 32", "\"n_embd\": 8")
    .replace("\"n_layer\": 2", "\"n_layer\": 1")
    .replace("\"n_positions\": 32", "\"n_positions\": 8")
    .replace("\"vocab_size\": 320", "\"vocab_size\": 260");
    for (name, content) in &mut pack.files {
        if name == "config.json" {
            *content = text.clone().into_bytes();
        }
    }
    pack
}

/// The names of the tensors of a file.
fn names(file: &[u8]) -> Vec<String> {
    let Some((length, rest)) = file.split_first_chunk::<8>() else { return Vec::new() };
    let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let header = serde_json::from_slice(rest.get(..length).unwrap_or_default());
    let header: serde_json::Map<String, serde_json::Value> = header.unwrap_or_default();
    header.into_iter().map(|(name, _)| name).filter(|name| name != "__metadata__").collect()
}

/// The same, its weights in a shard.
fn sharded() -> Pack {
    const SHARD: &str = "model-00001-of-00001.safetensors";
    let mut pack = foreign();
    let mut map = std::collections::BTreeMap::new();
    for (name, content) in &mut pack.files {
        if name == "model.safetensors" {
            map.extend(names(content).into_iter().map(|tensor| (tensor, SHARD)));
            *name = SHARD.into();
        }
    }
    let index = serde_json::json!({ "weight_map": map }).to_string();
    pack.with("model.safetensors.index.json", index.as_bytes())
}

fn batch(rows: usize, context: usize, vocab: usize) -> Batch {
    let ids: Vec<u32> = (0..rows * context).map(|i| (i * 7 % vocab) as u32).collect();
    Batch {
        targets: ids.iter().map(|id| (id + 1) % vocab as u32).collect(),
        inputs: ids,
        batch: rows,
        context,
        scored: rows * context,
        bytes: rows * context,
        floor_nats: None,
    }
}

/// Work beyond this is what a large model costs, and no fault.
const SMALL: u64 = 1 << 18;

fn whole(bytes: &[u8]) {
    let folder = laid(&Pack::parse(bytes));
    if let Ok(loaded) = checkpoint::load(&folder, &cpu())
        && loaded.model.config().parameters() < SMALL
    {
        let prompt = loaded.tokenizer.encode(b"the").unwrap_or_default();
        let sampling = Sampling { temperature: 0.8, top_k: 0, top_p: 1.0, seed: 1 };
        let written = Generator::new(&loaded.model, sampling).and_then(|mut writer| {
            let logits = writer.read(&prompt)?;
            let (token, logits) = writer.next(&logits)?;
            let (other, _) = writer.next(&logits)?;
            Ok(loaded.tokenizer.decode(&[token, other]))
        });
        drop(written);
    }
    let Ok((mut trainer, _, _)) = Trainer::resume(&folder, &cpu()) else { return };
    let config = trainer.config().clone();
    let rows = config.batch.saturating_mul(config.accumulate);
    let tokens = rows.saturating_mul(config.context);
    if config.model.parameters() < SMALL && tokens < 1 << 10 {
        let batch = batch(config.batch, config.context, config.model.vocab_size);
        let _ = trainer.scheduled_lr(trainer.done().step);
        let _ = trainer.step_of(&vec![batch; config.accumulate], config.lr);
    }
}

fn tensors(bytes: &[u8]) {
    let folder = laid(&Pack::default().with("x.safetensors", bytes));
    let Ok(found) = read_tensors(&folder.join("x.safetensors")) else { return };
    for tensor in found.values() {
        let elements: u128 = tensor.shape.iter().map(|&n| n as u128).product();
        assert!(
            tensor.data.len() as u128 == elements,
            "{:?} has {} elements",
            tensor.shape,
            tensor.data.len()
        );
    }
}

fn settings(bytes: &[u8]) {
    let folder = laid(&Pack::parse(bytes));
    if let Ok(config) = read_config(&folder.join("config.json")) {
        // Counted again where nothing wraps around.
        let [v, t, c, l] = [config.vocab_size, config.n_positions, config.n_embd, config.n_layer]
            .map(|n| n as u128);
        let all = (v + t + 2) * c + l * (12 * c + 13) * c;
        assert_eq!(u128::from(config.parameters()), all, "the number of parameters");
        assert!(config.flops_per_token(1) > 0.0);
    }
    if let Ok(Some(trainer)) = TrainerFile::read_if_there(&folder) {
        let _ = TrainerFile::verify(&folder);
        let _ = trainer.config.validate();
    }
}
