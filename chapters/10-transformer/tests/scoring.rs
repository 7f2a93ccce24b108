//! What a whole text costs: against float64, on every device, window by window.
mod common;

use common::{config, shape, tokenizer};
use std::fs;
use strata_data::{Options, Part, Source, TokenizerChoice, prepare_to_score};
use strata_device::testing::testing_devices;
use strata_device::{Device, StepState};
use strata_tensor::Tensor;
use strata_transformer::train::{TrainConfig, Trainer};
use strata_transformer::{Gpt, Pass};

/// Nats of the tokens that follow in a window, each from the logits of those before it.
fn window(model: &Gpt, device: &Device, ids: &[u32]) -> f64 {
    let (inputs, targets) = (&ids[..ids.len() - 1], &ids[1..]);
    let state = device.step_state(StepState::default()).unwrap();
    let input = Tensor::from_slice(device, inputs, &[1, inputs.len()]).unwrap();
    let logits = model.forward(&input, Pass { state: &state, dropout: 0.0 }).unwrap();
    let logits: Vec<f32> = logits.value().to_vec().unwrap();
    let rows = logits.chunks(shape().vocab_size).zip(targets);
    rows.map(|(row, &target)| {
        let sum: f64 = row.iter().map(|&x| f64::from(x).exp()).sum();
        sum.ln() - f64::from(row[target as usize])
    })
    .sum()
}

#[test]
fn every_token_but_the_first_is_scored_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    for device in testing_devices() {
        for (words, context) in [(1, 8), (2, 8), (3, 8), (20, 8), (20, 16), (20, 1)] {
            let text = "one two three four five six seven ".repeat(3);
            let text: String = text.split_inclusive(' ').take(words).collect();
            fs::write(&path, &text).unwrap();
            let ids = tokenizer().encode(text.as_bytes()).unwrap();
            let options = Options {
                source: Source::Path(path.clone()),
                tokenizer: TokenizerChoice::Use(tokenizer()),
                vocab_size: 280,
                context,
                seed: 0,
            };
            let data = prepare_to_score(options, Part::Whole, &mut |_| ()).unwrap();
            assert_eq!(data.context(), context.min(ids.len() - 1), "a short text is a short row");
            let model = Gpt::new(&shape(), &device, 1).unwrap();
            let starts = (0..ids.len() - 1).step_by(context);
            let want: f64 = starts
                .map(|start| &ids[start..(start + context + 1).min(ids.len())])
                .map(|ids| window(&model, &device, ids))
                .sum();
            let context = data.context();
            let trainer = Trainer::new(model, TrainConfig { batch: 2, context, ..config(1) });
            let batches = (0..data.whole_batches(2)).map(|index| data.whole(index, 2));
            let found = trainer.unwrap().evaluate(batches).unwrap();
            assert_eq!(found.tokens, ids.len() as u64 - 1);
            assert!((found.nats - want).abs() < 1e-4 * want, "{device:?}: {found:?}, not {want}");
        }
    }
}
