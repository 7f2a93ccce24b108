//! What is trained when the reader does not say: defaults by model and device, each with its reason.

use super::args::{TokenizerArg, TrainArgs};
use crate::args::single;
use crate::failure::Outcome;
use crate::ui;
use strata_ml::device::{Device, Machine};
use strata_ml::transformer::GptConfig;
use strata_ml::transformer::train::{Length, TrainConfig};

/// How fast a device is, roughly: what defaults hang on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Speed {
    /// A processor, or an adapter that is one in disguise.
    Processor,
    /// A GPU of unknown make.
    Adapter,
    /// An NVIDIA card.
    Card,
}

fn speed(device: &Device) -> Speed {
    match device.machine() {
        Machine::Cuda => Speed::Card,
        Machine::Wgpu if !device.info().caps.software => Speed::Adapter,
        _ => Speed::Processor,
    }
}

/// How large a model is, roughly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Size {
    Nano,
    Small,
    Medium,
    Large,
}

fn size(model: &GptConfig) -> Size {
    match model.parameters() {
        0..500_000 => Size::Nano,
        500_000..5_000_000 => Size::Small,
        5_000_000..50_000_000 => Size::Medium,
        _ => Size::Large,
    }
}

/// The settings of a new run, and what was chosen for the reader, a line each.
pub fn plan(
    args: &TrainArgs,
    model: GptConfig,
    device: &Device,
) -> Outcome<(TrainConfig, Vec<String>)> {
    let (speed, size) = (speed(device), size(&model));
    let mut why = Vec::new();
    let context = args.context.map_or(model.n_positions.min(1024), crate::args::size);
    let batch = match args.batch {
        Some(n) => crate::args::size(n),
        None => batch(size, speed, &model, context, device, &mut why),
    };
    let length = match (args.steps, args.minutes) {
        (Some(steps), _) => Length::Steps(steps),
        (None, Some(minutes)) => Length::Minutes(minutes),
        (None, None) => length(size, speed, &mut why),
    };
    let lr = args.lr.map_or_else(|| lr(size, args.init.is_some()), single);
    let char = args.tokenizer == Some(TokenizerArg::Char);
    let (eval_every, mut eval_batches) = evaluations(length, size, speed);
    if device.info().caps.software {
        // Such an adapter takes many seconds for a batch.
        eval_batches = eval_batches.min(2);
    }
    let config = TrainConfig {
        model,
        batch,
        accumulate: args.accumulate.map_or(1, crate::args::size),
        context,
        length,
        lr,
        schedule: args.schedule.clone().unwrap_or_else(|| "cosine".into()),
        // A short run must forget early gradients soon; characters of a small text make noisier ones.
        betas: (0.9, if char { 0.99 } else { 0.95 }),
        weight_decay: args.weight_decay.map_or(0.1, single),
        clip: Some(1.0),
        dropout: args.dropout.map_or(0.0, single),
        label_smoothing: args.label_smoothing.map_or(0.0, single),
        seed: args.seed.unwrap_or(1),
        eval_every,
        eval_batches,
    };
    config.validate()?;
    Ok((config, why))
}

fn batch(
    size: Size,
    speed: Speed,
    model: &GptConfig,
    context: usize,
    device: &Device,
    why: &mut Vec<String>,
) -> usize {
    let (wanted, reason) = match (size, speed) {
        (Size::Nano, _) => (16, "a tiny model"),
        (Size::Small, Speed::Processor) => (8, "enough for a processor"),
        (Size::Medium, Speed::Processor) => (4, "enough for a processor"),
        (Size::Large, Speed::Processor) => (1, "a large model on a processor"),
        (Size::Large, _) => (8, "a large model"),
        _ => (64, "it keeps a GPU busy"),
    };
    // The logits are the largest tensor of a step, and must fit into one binding.
    let row = context.saturating_mul(model.vocab_size).saturating_mul(4);
    let mut batch = wanted;
    while batch > 1 && row.saturating_mul(batch) > device.info().caps.max_binding {
        batch /= 2;
    }
    let reason = match batch < wanted {
        true => "as many as the device's largest binding takes",
        false => reason,
    };
    why.push(format!("batch {batch}: {reason}"));
    batch
}

fn length(size: Size, speed: Speed, why: &mut Vec<String>) -> Length {
    let (length, reason) = match (size, speed) {
        (Size::Nano, _) => (Length::Steps(500), "a tiny model learns little more"),
        (_, Speed::Card) => {
            (Length::Steps(2000), "minutes on a card, and the curve comes near its floor")
        }
        (_, Speed::Adapter) => (Length::Minutes(10.0), "a GPU of unknown speed, so by the clock"),
        (Size::Small, Speed::Processor) => (Length::Minutes(4.0), "a small model on a processor"),
        _ => (
            Length::Minutes(8.0),
            "a processor needs hours to finish; this is enough to see it learn",
        ),
    };
    why.push(format!("{}: {reason}; --steps or --minutes change it", describe(length)));
    length
}

/// `2,000 steps`, `8 minutes`.
pub fn describe(length: Length) -> String {
    match length {
        Length::Steps(n) => format!("{} steps", ui::count(n)),
        Length::Minutes(m) => format!("{m} minutes"),
    }
}

/// Fine-tuning wants small steps: the weights are good already.
fn lr(size: Size, fine_tuning: bool) -> f32 {
    let lr = match size {
        Size::Nano => 3e-3,
        Size::Small => 2e-3,
        Size::Medium => 1e-3,
        Size::Large => 3e-4,
    };
    if fine_tuning { lr / 5.0 } else { lr }
}

/// Steps between evaluations and batches in each: about a tenth of the time goes into them.
fn evaluations(length: Length, size: Size, speed: Speed) -> (u64, usize) {
    let every = match (length, size, speed) {
        (Length::Steps(n), ..) => (n / 20).clamp(10, 250),
        (_, Size::Medium | Size::Large, Speed::Processor) => 40,
        _ => 100,
    };
    (every, (every / 4).clamp(4, 64) as usize)
}

/// The model of the arguments, its name, and the rows of its table.
pub fn preset(args: &TrainArgs) -> Outcome<(String, GptConfig)> {
    let name = args.preset.clone().unwrap_or_else(|| "gpt-12m".into());
    let model = GptConfig::preset(&name)?;
    Ok((name, model))
}
