//! One run of everything that reads from a device: training, scoring, writing, saving.
use strata_ml::data::{Dataset, Options, Source, TokenizerChoice, TokenizerKind, prepare};
use strata_ml::prelude::*;
use strata_ml::transformer::train::{Length, TrainConfig, Trainer, sample_async};
use strata_ml::transformer::{Error, Generator, Gpt, GptConfig, Sampling, checkpoint};

/// What the run came to.
#[derive(Debug, PartialEq)]
pub struct Found {
    pub losses: Vec<f32>,
    pub norms: Vec<f32>,
    pub nats: f64,
    /// Of the first token after the prompt.
    pub logits: Vec<f32>,
    pub token: u32,
    pub text: String,
    pub weights: Vec<u8>,
}

/// Loss of each step, as the processor of a laptop computed it.
pub const LOSSES: [f32; 3] = [6.26246, 6.10356, 5.96618];

pub fn config() -> Result<TrainConfig, Error> {
    Ok(TrainConfig {
        model: GptConfig::preset("gpt-nano")?,
        batch: 4,
        accumulate: 1,
        context: 48,
        length: Length::Steps(3),
        lr: 3e-3,
        schedule: "constant".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.1,
        label_smoothing: 0.0,
        seed: 7,
        eval_every: 2,
        eval_batches: 2,
    })
}

pub fn fresh(device: &Device) -> Result<(Trainer, Dataset), Error> {
    let config = config()?;
    let options = Options {
        source: Source::Stories,
        tokenizer: TokenizerChoice::Train(TokenizerKind::Bpe),
        vocab_size: config.model.vocab_size,
        context: config.context,
        seed: config.seed,
    };
    let data = prepare(options, &mut |_| ())?;
    let model = Gpt::new(&config.model, device, config.seed)?;
    Ok((Trainer::new(model, config)?, data))
}

pub async fn work(device: &Device) -> Result<Found, Error> {
    let (mut trainer, data) = fresh(device)?;
    let (mut losses, mut norms) = (Vec::new(), Vec::new());
    for step in 0..3 {
        let lr = trainer.scheduled_lr(step)?;
        let report = trainer.step_of_async(&trainer.batches(&data, step), lr).await?;
        losses.push(report.loss);
        norms.push(report.norm);
    }
    let score = trainer.evaluate_async((0..2).map(|i| data.validation(i, 4))).await?;
    let sampling = Sampling { temperature: 0.0, ..Sampling::default() };
    let mut writer = Generator::new(trainer.model(), sampling)?;
    let first = writer.read_async(&data.prompt()).await?;
    let (token, logits) = writer.next_async(&first).await?;
    let text = sample_async(&trainer, &data, 1).await?;
    let weights = checkpoint::write_tensors(&checkpoint::weights_async(trainer.model()).await?)?;
    Ok(Found { losses, norms, nats: score.nats, logits, token, text, weights })
}

/// Machines round differently, and only by a little.
pub fn as_expected(found: &Found) -> Result<(), String> {
    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3;
    match found.losses.len() == 3 && found.losses.iter().zip(&LOSSES).all(near) {
        true => Ok(()),
        false => Err(format!("losses {:?}, not {LOSSES:?}", found.losses)),
    }
}
