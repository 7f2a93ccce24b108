//! PyTorch's own numbers: logits, loss, every gradient, ten AdamW steps (`bench/torch/fixtures.py`).
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use strata_autograd::Var;
use strata_data::{Batch, IGNORE};
use strata_device::testing::testing_devices;
use strata_device::{Device, StepState};
use strata_tensor::Tensor;
use strata_transformer::checkpoint::{self, NamedTensor};
use strata_transformer::train::{Length, TrainConfig, Trainer};
use strata_transformer::{Gpt, GptConfig, Pass};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The tensors of a fixture; token ids come as i32.
struct Fixture {
    floats: BTreeMap<String, NamedTensor>,
    ints: BTreeMap<String, (Vec<usize>, Vec<i32>)>,
}

fn read(name: &str) -> Fixture {
    let bytes = std::fs::read(fixture(name)).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut out = Fixture { floats: BTreeMap::new(), ints: BTreeMap::new() };
    for (name, view) in file.iter() {
        let shape = view.shape().to_vec();
        if view.dtype() == safetensors::Dtype::I32 {
            out.ints.insert(name.into(), (shape, words(view.data(), i32::from_le_bytes)));
        } else {
            let data = words(view.data(), f32::from_le_bytes);
            out.floats.insert(name.into(), NamedTensor { name: name.into(), shape, data });
        }
    }
    out
}

fn words<T>(bytes: &[u8], from: fn([u8; 4]) -> T) -> Vec<T> {
    bytes.as_chunks::<4>().0.iter().map(|&b| from(b)).collect()
}

fn config() -> GptConfig {
    GptConfig {
        vocab_size: 96,
        n_positions: 32,
        n_embd: 32,
        n_layer: 2,
        n_head: 2,
        layer_norm_epsilon: 1e-5,
    }
}

/// The fixture's model, its weights read the way a checkpoint's are.
fn model(device: &Device) -> Gpt {
    let fixture = read("gpt2_two_layer.safetensors");
    let weights: Vec<NamedTensor> = fixture
        .floats
        .into_values()
        .filter_map(|t| {
            let name = t.name.strip_prefix("param.")?.to_string();
            Some(NamedTensor { name, ..t })
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, checkpoint::write_tensors(&weights).unwrap()).unwrap();
    let model = Gpt::new(&config(), device, 0).unwrap();
    checkpoint::load_weights(&model, &path).unwrap();
    model
}

fn ids(values: &[i32]) -> Vec<u32> {
    values.iter().map(|&v| v as u32).collect()
}

/// PyTorch ignores -100, this engine the largest u32.
fn targets(values: &[i32]) -> Vec<u32> {
    values.iter().map(|&v| if v < 0 { IGNORE } else { v as u32 }).collect()
}

/// max|got - want| over max|want|.
fn distance(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len());
    let largest = want.iter().fold(0f32, |m, x| m.max(x.abs()));
    let worst = got.iter().zip(want).fold(0f32, |m, (g, w)| {
        let d = (g - w).abs();
        if d.is_nan() { f32::INFINITY } else { m.max(d) }
    });
    worst / largest
}

#[test]
fn logits_loss_and_every_gradient_are_pytorchs() {
    let fixture = read("gpt2_two_layer.safetensors");
    for device in testing_devices() {
        let model = model(&device);
        let (shape, id) = &fixture.ints["ids"];
        let ids = Tensor::from_slice(&device, &ids(id), shape).unwrap();
        let goal =
            Tensor::from_slice(&device, &targets(&fixture.ints["targets"].1), shape).unwrap();
        let state = device.step_state(StepState::default()).unwrap();
        let pass = Pass { state: &state, dropout: 0.0 };
        let logits = model.forward(&ids, pass).unwrap();
        let got: Vec<f32> = logits.value().to_vec().unwrap();
        let error = distance(&got, &fixture.floats["logits"].data);
        assert!(error <= 1e-4, "logits on {device:?}: {error}");
        let loss = model.loss(&ids, &goal, pass).unwrap();
        let error = distance(&[loss.value().item().unwrap()], &fixture.floats["loss"].data);
        assert!(error <= 1e-5, "loss on {device:?}: {error}");
        loss.backward().unwrap();
        let mut checked = 0;
        for var in model.parameters().vars() {
            let name = var.name().unwrap();
            let want = &fixture.floats[&format!("grad.{name}")];
            let got: Vec<f32> = var.grad().unwrap().to_vec().unwrap();
            let error = distance(&got, &want.data);
            assert!(error <= 1e-4, "gradient of {name} on {device:?}: {error}");
            checked += 1;
        }
        assert_eq!(checked, 2 + 2 * 12 + 2);
    }
}

fn train_config(batch: usize, context: usize) -> TrainConfig {
    TrainConfig {
        model: config(),
        batch,
        accumulate: 1,
        context,
        length: Length::Steps(10),
        lr: 1e-3,
        schedule: "constant".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 0,
        eval_every: 100,
        eval_batches: 1,
    }
}

#[test]
fn ten_adamw_steps_follow_pytorchs_losses() {
    let fixture = read("adamw.safetensors");
    let (shape, all_ids) = &fixture.ints["ids"];
    let all_targets = &fixture.ints["targets"].1;
    let (batch, context) = (shape[1], shape[2]);
    for device in testing_devices() {
        let mut trainer = Trainer::new(model(&device), train_config(batch, context)).unwrap();
        for step in 0..shape[0] {
            let part = step * batch * context..(step + 1) * batch * context;
            let goal = targets(&all_targets[part.clone()]);
            let batch = Batch {
                inputs: ids(&all_ids[part]),
                scored: goal.iter().filter(|&&t| t != IGNORE).count(),
                targets: goal,
                batch,
                context,
                bytes: 0,
                floor_nats: None,
            };
            let report = trainer.step(&batch, 1e-3).unwrap();
            let (want, norm) =
                (fixture.floats["losses"].data[step], fixture.floats["norms"].data[step]);
            let off = (report.loss - want).abs();
            assert!(off <= 1e-4, "step {step} on {device:?}: {} against {want}", report.loss);
            assert!(
                (report.norm - norm).abs() <= 1e-3 * norm,
                "norm {} against {norm}",
                report.norm
            );
        }
        for var in trainer.model().parameters().vars() {
            let name = var.name().unwrap();
            let Some(want) = fixture.floats.get(&format!("final.{name}")) else { continue };
            let mut got: Vec<f32> = var.value().to_vec().unwrap();
            let mut want = want.data.clone();
            if name.ends_with("c_attn.bias") {
                // The keys' bias has a gradient of exactly zero: what moves it is rounding noise,
                // PyTorch's own as well.
                got.drain(32..64);
                want.drain(32..64);
            }
            let error = distance(&got, &want);
            assert!(error <= 1e-3, "{name} after ten steps on {device:?}: {error}");
        }
    }
}

#[test]
fn a_checkpoint_of_transformers_opens_and_computes_the_same() {
    let expected = read("hf_tiny/expected.safetensors");
    let bytes = std::fs::read(fixture("hf_tiny/expected.safetensors")).unwrap();
    let (_, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    let text = header.metadata().as_ref().unwrap()["text"].clone();
    for device in testing_devices() {
        let loaded = checkpoint::load(&fixture("hf_tiny"), &device).unwrap();
        assert!(loaded.state.is_none());
        let (shape, id) = &expected.ints["ids"];
        let input = Tensor::from_slice(&device, &ids(id), shape).unwrap();
        let state = device.step_state(StepState::default()).unwrap();
        let logits = loaded.model.forward(&input, Pass { state: &state, dropout: 0.0 }).unwrap();
        let got: Vec<f32> = logits.value().to_vec().unwrap();
        let error = distance(&got, &expected.floats["logits"].data);
        assert!(error <= 1e-4, "{device:?}: {error}");
        assert_eq!(
            loaded.tokenizer.encode(text.as_bytes()).unwrap(),
            ids(&expected.ints["text_ids"].1)
        );
    }
}

#[test]
fn the_cache_gives_the_logits_of_the_whole_context() {
    use strata_transformer::{Generator, Sampling};
    for device in testing_devices() {
        let model = model(&device);
        let tokens: Vec<u32> = (0..20).map(|i| (i * 7 + 3) % 96).collect();
        let mut generator = Generator::new(&model, Sampling::default()).unwrap();
        let mut rows = generator.read(&tokens[..5]).unwrap();
        let state = device.step_state(StepState::default()).unwrap();
        for n in 5..tokens.len() {
            let whole = Tensor::from_slice(&device, &tokens[..n], &[1, n]).unwrap();
            let logits: Var = model.forward(&whole, Pass { state: &state, dropout: 0.0 }).unwrap();
            let last = logits.value().narrow(1, n - 1, 1).unwrap();
            let want: Vec<f32> = last.to_vec().unwrap();
            let error = distance(&rows, &want);
            assert!(error <= 1e-4, "position {n} on {device:?}: {error}");
            rows = generator.read(&tokens[n..=n]).unwrap();
        }
        // Past the last position the generator goes on with what it still remembers.
        for _ in 0..40 {
            (_, rows) = generator.next(&rows).unwrap();
            assert!(rows.iter().all(|x| x.is_finite()));
        }
    }
}
