//! `strata generate`: a trained model writes, token by token.

use crate::args::{DeviceArgs, folder, real, single, size, whole};
use crate::failure::{Failure, Outcome};
use crate::ui::{self, say};
use clap::Args;
use serde_json::json;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use strata_ml::data::Decoder;
use strata_ml::transformer::checkpoint::{self, Loaded};
use strata_ml::transformer::{Generator, Sampling};

const EXAMPLES: &str = "\
Examples:
  cargo strata generate --checkpoint runs/gpt-12m-stories
  cargo strata generate --checkpoint runs/gpt-12m-stories --prompt \"Once upon a time\" --temperature 0.7
  cargo strata generate --checkpoint gpt2/ --top-k 40 --seed 7 --tokens 100

The text goes to stdout, the speed to stderr. The same seed writes the same text on the same device.
On a terminal, control characters of the text are spelled out; a pipe or a file gets them as they are.";

/// Let a trained model write.
///
/// A model gives a probability to every token that could come next; one is drawn, appended, and the
/// model asked again. Keys and values of what was read stay on the device (the KV cache), so each
/// further token costs one row, not the whole text.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct GenerateArgs {
    /// The checkpoint: a folder that `strata train` wrote, or a GPT-2 that transformers saved
    #[arg(long, value_name = "DIR")]
    checkpoint: PathBuf,
    /// The beginning of the text; without it the model begins by itself
    #[arg(long, value_name = "TEXT")]
    prompt: Option<String>,
    /// The most tokens to write; the model may end its text sooner
    #[arg(long, value_name = "N", default_value = "200", value_parser = whole(1, 1_000_000))]
    tokens: u64,
    /// Divides the logits: below 1 plays safe, above 1 dares, 0 always takes the likeliest token
    #[arg(long, value_name = "T", default_value = "0.8", value_parser = real(0.0, 100.0), allow_negative_numbers = true)]
    temperature: f64,
    /// Draw from the K likeliest tokens only; 0 means all
    #[arg(long, value_name = "K", default_value = "0", value_parser = whole(0, 1 << 24), allow_negative_numbers = true)]
    top_k: u64,
    /// Draw from the likeliest tokens that together have probability P (nucleus sampling); 1 means all
    #[arg(long, value_name = "P", default_value = "1", value_parser = real(1e-6, 1.0), allow_negative_numbers = true)]
    top_p: f64,
    /// Seed of the draws
    #[arg(long, value_name = "N", default_value = "0", value_parser = whole(0, u64::MAX), allow_negative_numbers = true)]
    seed: u64,
    /// Print one JSON object instead of streaming: prompt, text, tokens, first_token_ms, tokens_per_second
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    device: DeviceArgs,
}

/// What was written, and how fast.
struct Written {
    text: String,
    tokens: u64,
    first: Duration,
    rest: Duration,
    ended: bool,
}

impl Written {
    fn rate(&self) -> f64 {
        (self.tokens.saturating_sub(1)) as f64 / self.rest.as_secs_f64().max(1e-9)
    }
}

pub fn run(args: &GenerateArgs) -> Outcome {
    folder("--checkpoint", &args.checkpoint)?;
    let device = args.device.open()?;
    let loaded = checkpoint::load(&args.checkpoint, &device)?;
    let written = write(args, &loaded)?;
    let first_ms = written.first.as_secs_f64() * 1e3;
    if args.json {
        ui::json(&json!({
            "prompt": args.prompt.as_deref().unwrap_or_default(),
            "text": written.text,
            "tokens": written.tokens,
            "stopped": if written.ended { "end_of_text" } else { "length" },
            "first_token_ms": first_ms,
            "tokens_per_second": written.rate(),
            "device": device.info().label(),
            "precision": device.precision().name(),
        }))?;
        return Ok(0);
    }
    let rate = match written.tokens {
        0 | 1 => String::new(),
        _ => format!(", then {} tokens/s", ui::count(ui::whole(written.rate()))),
    };
    let (dim, n) = (ui::DIM, ui::count(written.tokens));
    ui::note(&format!("{dim}{n} tokens; the first after {first_ms:.1} ms{rate}{dim:#}"));
    Ok(0)
}

fn write(args: &GenerateArgs, loaded: &Loaded) -> Outcome<Written> {
    let sampling = Sampling {
        temperature: single(args.temperature),
        top_k: size(args.top_k),
        top_p: single(args.top_p),
        seed: args.seed,
    };
    let tokenizer = &loaded.tokenizer;
    let prompt = prompt(args, loaded)?;
    let end = tokenizer.end_of_text();
    let mut generator = Generator::new(&loaded.model, sampling)?;
    let decoder = tokenizer.decoder();
    let mut stream = Printer { decoder, text: String::new(), quiet: args.json };
    stream.push(&prompt)?;
    let start = Instant::now();
    let mut logits = generator.read(&prompt)?;
    let mut first = Duration::ZERO;
    let (mut tokens, mut ended) = (0, false);
    while tokens < args.tokens {
        let token = generator.draw(&logits);
        if tokens == 0 {
            first = start.elapsed();
        }
        tokens += 1;
        if Some(token) == end {
            ended = true;
            break;
        }
        stream.push(&[token])?;
        if tokens < args.tokens {
            logits = generator.read(&[token])?;
        }
    }
    let rest = start.elapsed().saturating_sub(first);
    let text = stream.finish()?;
    Ok(Written { text, tokens, first, rest, ended })
}

/// The tokens to begin with. Stories begin with `<|endoftext|>` in training, so here as well, and so
/// do the book's pages; a model of plain text that is given nothing begins after a line break.
fn prompt(args: &GenerateArgs, loaded: &Loaded) -> Outcome<Vec<u32>> {
    let tokenizer = &loaded.tokenizer;
    let data = loaded.state.as_ref().map_or("", |state| state.data.as_str());
    let end = tokenizer.end_of_text();
    let text = args.prompt.as_deref().unwrap_or_default();
    let begins = data == "stories" || (data == "book" && text.is_empty());
    let mut ids: Vec<u32> = end.filter(|_| begins).into_iter().collect();
    ids.extend(tokenizer.encode(text.as_bytes())?);
    if ids.is_empty() {
        // Only a model that Strata trained on a plain text has never seen `<|endoftext|>`.
        let line = tokenizer.encode(b"\n").ok().filter(|_| loaded.state.is_some());
        ids = line.or(end.map(|id| vec![id])).unwrap_or_default();
    }
    if ids.is_empty() {
        return Err(Failure::new("this model needs a --prompt to begin with"));
    }
    Ok(ids)
}

/// What is written, as it comes.
struct Printer<'a> {
    decoder: Decoder<'a>,
    text: String,
    quiet: bool,
}

impl Printer<'_> {
    fn push(&mut self, ids: &[u32]) -> Outcome<()> {
        let whole = self.decoder.push(ids);
        self.show(&whole)
    }

    fn show(&mut self, text: &str) -> Outcome<()> {
        self.text.push_str(text);
        if self.quiet {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        // A model may write escape codes: it has read them somewhere, or somebody taught it to.
        match out.is_terminal() {
            true => out.write_all(strata_files::printable_lines(text).as_bytes())?,
            false => out.write_all(text.as_bytes())?,
        }
        Ok(out.flush()?)
    }

    fn finish(mut self) -> Outcome<String> {
        let rest = self.decoder.finish();
        self.show(&rest)?;
        if !self.quiet && !self.text.ends_with('\n') {
            say!()?;
        }
        Ok(self.text)
    }
}
