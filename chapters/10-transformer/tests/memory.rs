//! What a step of `gpt-12m` needs on a large card, counted on a machine that only counts.
use std::slice;
use strata_data::Batch;
use strata_device::{Device, Dry, Precision, Settings};
use strata_transformer::train::{Length, TrainConfig, Trainer};
use strata_transformer::{Gpt, GptConfig};

const BATCH: usize = 64;
const CONTEXT: usize = 256;

/// Bytes that are held, at most, over a step op by op and one that is recorded.
fn held(precision: Precision) -> u64 {
    let settings = Settings { precision, ..Settings::default() };
    let device = Device::new(Box::new(Dry::hopper()), settings);
    let config = TrainConfig {
        model: GptConfig::preset("gpt-12m").unwrap(),
        batch: BATCH,
        accumulate: 1,
        context: CONTEXT,
        length: Length::Steps(2),
        lr: 1e-3,
        schedule: "constant".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 1,
        eval_every: 10,
        eval_batches: 1,
    };
    let model = Gpt::new(&config.model, &device, 1).unwrap();
    let mut trainer = Trainer::new(model, config).unwrap();
    let ids = vec![0; BATCH * CONTEXT];
    let batch = Batch {
        inputs: ids.clone(),
        targets: ids,
        batch: BATCH,
        context: CONTEXT,
        scored: BATCH * CONTEXT,
        bytes: 0,
        floor_nats: None,
    };
    let step = |_| {
        trainer.step_of(slice::from_ref(&batch), 1e-4).unwrap();
        device.stats().bytes
    };
    (0..3).map(step).max().unwrap()
}

#[test]
fn a_step_in_bf16_needs_less_than_its_activations_and_a_third() {
    // What the way there keeps: the residual stream and both norms twice a block, queries, keys and
    // values, the MLP before and after GELU, and the logits.
    let rows = (BATCH * CONTEXT) as u64;
    let kept = rows * 2 * (6 * (5 + 3 + 4 + 4) * 384 + 2 * 384 + 4096);
    let fixed = 12_318_720 * (4 * 4 + 2);
    let bf16 = held(Precision::Bf16);
    assert!(bf16 < fixed + kept * 4 / 3, "{bf16} bytes, {kept} of them kept, {fixed} fixed");
    assert!(held(Precision::F32) > bf16 * 3 / 2);
}
