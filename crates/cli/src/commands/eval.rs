//! `strata eval`: how well does a model predict a text?

use crate::args::{DeviceArgs, folder, size, whole};
use crate::commands::train::same;
use crate::failure::{Failure, Outcome};
use crate::ui::{self, Bar, say};
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use strata_ml::autograd::no_grad;
use strata_ml::data::{
    Batch, Dataset, Options, Part as Scored, Source, TokenizerChoice, prepare_to_score,
};
use strata_ml::device::{Buffer, Device, Machine, StepState, cpu};
use strata_ml::tensor::Tensor;
use strata_ml::transformer::checkpoint::{self, Loaded};
use strata_ml::transformer::{Gpt, Pass};

const EXAMPLES: &str = "\
Examples:
  cargo strata eval --checkpoint runs/gpt-12m-stories --data stories
  cargo strata eval --checkpoint runs/gpt-1m-shakespeare --data shakespeare.txt
  cargo strata eval --checkpoint gpt2/ --data novel.txt --json

Of the text a model was trained on, the last tenth is scored, which training never saw; of any
other text all of it. --part decides otherwise. The text is read in windows of --context tokens side
by side, the last one shorter: every token but the first is scored once.";

/// Which part of the text is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Part {
    /// All of it
    All,
    /// The last tenth, which training on this text never sees
    HeldOut,
}

/// Score a text: how well does a model predict it?
///
/// Prints the mean of -ln p over all tokens (nats per token: e to its power is the perplexity) and
/// the bits the model needs for each byte of text, which compares models whatever their tokenizer.
/// For `stories` the entropy of the text is known: no model can go below that floor.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct EvalArgs {
    /// The checkpoint: a folder that `strata train` wrote, or a GPT-2 that transformers saved
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
    /// The text: `stories`, `book`, a UTF-8 file, or a folder of them
    #[arg(long, value_name = "stories|book|PATH")]
    data: Source,
    /// Tokens in a row; a token sees at most so many before it. As in training, if not given
    #[arg(long, value_name = "N", value_parser = whole(1, 1 << 20), allow_negative_numbers = true)]
    context: Option<u64>,
    /// Rows scored at a time: more is quicker and needs more memory
    #[arg(long, value_name = "N", default_value = "8", value_parser = whole(1, 65_536), allow_negative_numbers = true)]
    batch: u64,
    /// Which part of the text: `held-out` (its last tenth) or `all` [default: held-out if the model
    /// was trained on this text, else all]
    #[arg(long, value_enum, value_name = "all|held-out", hide_possible_values = true)]
    part: Option<Part>,
    /// Print one JSON object: nats_per_token, bits_per_byte, tokens, and more
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

/// Sums over the text.
#[derive(Default)]
struct Score {
    nats: f64,
    tokens: u64,
    bytes: u64,
    floor: Option<f64>,
}

pub fn run(args: &EvalArgs) -> Outcome {
    folder("--checkpoint", &args.checkpoint)?;
    let device = args.device.open()?;
    let Loaded { model, tokenizer, state } = checkpoint::load(&args.checkpoint, &device)?;
    let most = model.config().n_positions;
    let trained = state.as_ref().map_or(most, |state| state.config.context);
    let context = args.context.map_or(trained, size);
    if context > most {
        let text = format!("--context is {context}; this model takes 1 to {most} tokens");
        return Err(Failure::new(text));
    }
    let own = state.as_ref().filter(|state| same(&state.data, &args.checkpoint, &args.data));
    let part = args.part.unwrap_or(if own.is_some() { Part::HeldOut } else { Part::All });
    let bar = Bar::new();
    let data = prepare_to_score(
        Options {
            source: args.data.clone(),
            tokenizer: TokenizerChoice::Use(tokenizer),
            vocab_size: model.config().vocab_size,
            context,
            seed: 0,
        },
        match part {
            Part::All => Scored::Whole,
            Part::HeldOut => Scored::HeldOut,
        },
        &mut |_| bar.set(0.0, || "reading the text".into()),
    )?;
    let trained_on = own.and_then(|state| state.data_sha256.as_deref());
    let edited = trained_on.is_some() && trained_on != data.digest();
    let rows = rows(&data, part, size(args.batch));
    check_room(&model, &device, rows, data.context())?;
    let score = score(&model, &data, part, rows, &bar)?;
    drop(bar);
    if edited {
        ui::warn(
            "the text was edited since the model was trained on it: what is scored may be what \
             training saw",
        );
    }
    report(args, &data, &score, part, context, &device)
}

/// Rows at a time: more than there are would only be padding.
fn rows(data: &Dataset, part: Part, asked: usize) -> usize {
    let all = match part {
        Part::All => data.whole_batches(1),
        Part::HeldOut => data.validation_batches(1),
    };
    asked.clamp(1, all.max(1))
}

/// A processor shares its memory with everything else on the computer: what cannot fit is refused
/// before it is tried.
fn check_room(model: &Gpt, device: &Device, rows: usize, context: usize) -> Outcome<()> {
    let config = model.config();
    // For each token its logits, twice, and a dozen rows as wide as the model.
    let numbers = 2.0 * config.vocab_size as f64 + 12.0 * config.n_embd as f64;
    let bytes = 4.0 * numbers * rows as f64 * context as f64;
    let Some(room) = cpu::memory().filter(|_| device.info().machine == Machine::Cpu) else {
        return Ok(());
    };
    if bytes <= room as f64 {
        return Ok(());
    }
    let (bytes, room) = (ui::bytes(ui::whole(bytes)), ui::bytes(room));
    Err(Failure::new(format!(
        "{rows} rows of {context} tokens need about {bytes} of memory, this computer has {room}; give a \
         smaller --batch or --context"
    )))
}

fn score(model: &Gpt, data: &Dataset, part: Part, rows: usize, bar: &Bar) -> Outcome<Score> {
    let device = model.device();
    let state = device.step_state(StepState { loss_scale: 1.0, ..StepState::default() })?;
    let batches = match part {
        Part::All => data.whole_batches(rows),
        Part::HeldOut => data.validation_batches(rows),
    };
    let mut sum = Score { floor: Some(0.0), ..Score::default() };
    for i in 0..batches {
        let batch = match part {
            Part::All => data.whole(i, rows),
            Part::HeldOut => data.validation(i, rows),
        };
        if batch.scored == 0 {
            continue;
        }
        sum.nats += mean_loss(model, device, &batch, &state)? * batch.scored as f64;
        sum.tokens += batch.scored as u64;
        sum.bytes += batch.bytes as u64;
        sum.floor = sum.floor.zip(batch.floor_nats).map(|(a, b)| a + b);
        let done = (i + 1) as f64 / batches as f64;
        bar.set(done, || format!("{} tokens scored", ui::count(sum.tokens)));
    }
    match sum.nats.is_finite() {
        true => Ok(sum),
        false => Err(model.not_finite("the loss of the text").into()),
    }
}

fn mean_loss(model: &Gpt, device: &Device, batch: &Batch, state: &Buffer) -> Outcome<f64> {
    let shape = [batch.batch, batch.context];
    let ids = Tensor::from_slice(device, &batch.inputs, &shape)?;
    let targets = Tensor::from_slice(device, &batch.targets, &shape)?;
    let loss = no_grad(|| model.loss(&ids, &targets, Pass { state, dropout: 0.0 }))?;
    Ok(f64::from(loss.value().item::<f32>()?))
}

fn report(
    args: &EvalArgs,
    data: &Dataset,
    s: &Score,
    part: Part,
    context: usize,
    device: &Device,
) -> Outcome {
    let tokens = s.tokens.max(1) as f64;
    let nats = s.nats / tokens;
    let bits = s.nats / std::f64::consts::LN_2 / s.bytes.max(1) as f64;
    let floor = s.floor.map(|nats| nats / tokens);
    if args.json {
        ui::json(&json!({
            "nats_per_token": nats,
            "bits_per_byte": bits,
            "tokens": s.tokens,
            "bytes": s.bytes,
            "perplexity": nats.exp(),
            "floor": floor,
            "part": if part == Part::All { "all" } else { "held-out" },
            "context": context,
            "device": device.info().label(),
            "precision": device.precision().name(),
        }))?;
        return Ok(0);
    }
    for text in data.notes() {
        ui::note(text);
    }
    say!("nats per token   {nats:.4}   (perplexity {:.2})", nats.exp())?;
    if let Some(floor) = floor {
        say!(
            "floor            {floor:.4}   the entropy of the text; the model is at {:.3} times it",
            nats / floor
        )?;
    }
    say!("bits per byte    {bits:.4}")?;
    let which = match part {
        _ if data.is_stories() => "held-out stories",
        Part::All => "the whole text",
        Part::HeldOut => "the last tenth of the text, which training never saw",
    };
    let (tokens, bytes) = (ui::count(s.tokens), ui::count(s.bytes));
    say!("tokens           {tokens}   in {bytes} bytes: {which}")?;
    Ok(0)
}
