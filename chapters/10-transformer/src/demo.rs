use crate::train::{Event, Length, TrainConfig, Trainer, fit};
use crate::{Gpt, GptConfig};
use std::error::Error;
use std::io::Write;
use std::ops::ControlFlow;
use strata_data::{Options, Source, TokenizerChoice, TokenizerKind, prepare};
use strata_device::Device;

/// Six seconds.
const LENGTH: Length = Length::Minutes(0.1);
/// Loss above the floor that a full bar stands for, in nats.
const FULL: f64 = 6.0;

/// Trains the smallest model for six seconds and lets it write: the whole book in one run.
///
/// # Errors
/// The device fails, or `out` does.
pub fn demo(out: &mut dyn Write, device: &Device) -> Result<(), Box<dyn Error>> {
    let config = TrainConfig {
        model: GptConfig::preset("gpt-nano")?,
        batch: 16,
        accumulate: 1,
        context: 64,
        length: LENGTH,
        lr: 3e-3,
        schedule: "cosine".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 10,
        eval_every: 15,
        eval_batches: 4,
    };
    let options = Options {
        source: Source::Stories,
        tokenizer: TokenizerChoice::Train(TokenizerKind::Bpe),
        vocab_size: config.model.vocab_size,
        context: config.context,
        seed: config.seed,
    };
    let data = prepare(options, &mut |_| {})?;
    let model = Gpt::new(&config.model, device, config.seed)?;
    writeln!(
        out,
        "A GPT of {} parameters reads stories for six seconds.",
        config.model.parameters()
    )?;
    writeln!(out, "Held-out loss in nats per token; | is the floor that no model can beat.\n")?;
    let mut trainer = Trainer::new(model, config)?;
    let mut failed = None;
    let done = fit(&mut trainer, &data, None, "stories", &mut |event| match show(out, &event) {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    if let Some(error) = failed {
        return Err(error.into());
    }
    let (loss, steps) = (done.validation.unwrap_or_default().nats_per_token(), trainer.done().step);
    writeln!(
        out,
        "\nAfter {steps} steps it is as unsure of the next token as of a fair draw among {:.1};",
        loss.exp()
    )?;
    writeln!(
        out,
        "at first it was one among 512. `cargo strata train` gives it more time and room."
    )?;
    Ok(())
}

fn show(out: &mut dyn Write, event: &Event) -> std::io::Result<()> {
    match event {
        Event::Evaluated { step, score, floor } => {
            let (loss, floor) = (score.nats_per_token(), floor.unwrap_or(0.0));
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "between 0 and 60, and a NaN becomes 0"
            )]
            let width = |nats: f64| (nats.clamp(0.0, FULL) / FULL * 60.0) as usize;
            let over = "#".repeat(width(loss).saturating_sub(width(floor)));
            writeln!(out, "step {step:>4}  {loss:.3}  {:w$}|{over}", "", w = width(floor))
        }
        Event::Sample { text, .. } => writeln!(out, "\nIt writes: {}", text.trim()),
        _ => Ok(()),
    }
}
