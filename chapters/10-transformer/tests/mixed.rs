//! Mixed precision: weights and activations in bf16, everything that is summed or kept in f32.
mod common;

use strata_data::{Dataset, Options, Source, TokenizerChoice, TokenizerKind, prepare};
use strata_device::testing::testing_devices;
use strata_device::{Device, Machine, Precision};
use strata_tensor::DType;
use strata_transformer::train::{Length, TrainConfig, Trainer};
use strata_transformer::{Gpt, GptConfig};

fn config(steps: u64) -> TrainConfig {
    TrainConfig {
        model: GptConfig {
            vocab_size: 300,
            n_positions: 32,
            n_embd: 64,
            n_layer: 2,
            n_head: 2,
            layer_norm_epsilon: 1e-5,
        },
        batch: 4,
        context: 32,
        lr: 3e-3,
        length: Length::Steps(steps),
        clip: Some(1.0),
        ..common::config(steps)
    }
}

/// The devices that store in 16 bits, each with handles of both kinds.
fn devices() -> Vec<[Device; 2]> {
    let kept = testing_devices().into_iter().filter(|device| device.machine() != Machine::Wgpu);
    kept.map(|d| [Precision::F32, Precision::Bf16].map(|p| d.with_precision(p))).collect()
}

fn data(config: &TrainConfig) -> Dataset {
    let options = Options {
        source: Source::Stories,
        tokenizer: TokenizerChoice::Train(TokenizerKind::Bpe),
        vocab_size: config.model.vocab_size,
        context: config.context,
        seed: config.seed,
    };
    prepare(options, &mut |_| ()).unwrap()
}

fn trained(config: &TrainConfig, device: &Device, steps: u64) -> (Trainer, Vec<f32>) {
    let data = data(config);
    let model = Gpt::new(&config.model, device, config.seed).unwrap();
    let mut trainer = Trainer::new(model, config.clone()).unwrap();
    let losses = (0..steps)
        .map(|step| trainer.step(&data.train(step, config.batch), config.lr).unwrap().loss)
        .collect();
    (trainer, losses)
}

#[test]
fn losses_in_bf16_follow_those_in_f32() {
    let config = config(60);
    for [wide, mixed] in devices() {
        let (_, wide) = trained(&config, &wide, 60);
        let (trainer, losses) = trained(&config, &mixed, 60);
        let mean = |losses: &[f32]| losses[50..].iter().sum::<f32>() / 10.0;
        let (want, got) = (mean(&wide), mean(&losses));
        assert!(want < 0.8 * wide[0], "f32 learns: {wide:?}");
        assert!((got - want).abs() < 0.01 * want, "{got} in bf16, {want} in f32 on {mixed:?}");
        assert_ne!(losses, wide, "nothing was rounded");
        let model = trainer.model();
        for var in model.parameters().vars() {
            let matrix = var.shape().len() > 1;
            assert_eq!(var.value().dtype(), if matrix { DType::BF16 } else { DType::F32 });
        }
    }
}

#[test]
fn the_shadow_is_the_masters_rounded_and_is_not_saved() {
    let config = config(6);
    for [wide, mixed] in devices() {
        let (trainer, _) = trained(&config, &mixed, 6);
        let parameters = trainer.model().parameters();
        let masters = parameters.values().unwrap();
        let shadow = parameters.shadow().unwrap();
        let bits = |t: &strata_tensor::Tensor| t.cast(DType::F32).unwrap().to_vec::<f32>().unwrap();
        assert!(bits(shadow) == bits(&masters.cast(DType::BF16).unwrap()), "{mixed:?}");
        let folder = tempfile::tempdir().unwrap();
        trainer.save(folder.path(), &common::tokenizer(), "test").unwrap();
        let (resumed, _, _) = Trainer::resume(folder.path(), &wide).unwrap();
        let saved = resumed.model().parameters().values().unwrap();
        assert_eq!(bits(&saved)[..8], bits(&masters)[..8], "masters are f32 on the disk");
        let (resumed, _, _) = Trainer::resume(folder.path(), &mixed).unwrap();
        assert!(bits(resumed.model().parameters().shadow().unwrap()) == bits(shadow));
    }
}

#[test]
fn two_runs_from_one_seed_are_equal_to_the_last_bit() {
    let config = TrainConfig { dropout: 0.1, ..config(5) };
    for [_, mixed] in devices() {
        assert_eq!(trained(&config, &mixed, 5).1, trained(&config, &mixed, 5).1, "{mixed:?}");
    }
}
