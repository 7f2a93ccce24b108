//! `strata train`: from nothing, from a checkpoint's weights, or on from where a run stopped.

mod args;
mod curve;
mod interrupt;
mod light;
mod log;
mod need;
mod place;
mod plan;
mod record;
mod remembered;
mod session;

pub use args::TrainArgs;
pub use remembered::same;

use crate::Judging;
use crate::args::folder;
use crate::failure::{Failure, Outcome};
use crate::precision;
use crate::ui::{self, Bar, say};
use light::Light;
use need::explained;
use place::Place;
use record::Record;
use serde_json::json;
use session::Session;
use std::path::Path;
use std::time::Duration;
use strata_ml::data::{Dataset, Options, Source, Stage, TokenizerChoice, TokenizerKind, prepare};
use strata_ml::device::{Device, Info, Precision};
use strata_ml::transformer::Gpt;
use strata_ml::transformer::checkpoint::{self, CheckpointState, Loaded, TrainerFile};
use strata_ml::transformer::train::{
    Length, Outcome as RunOutcome, Saves, Stop, TrainConfig, Trainer, fit,
};

/// Everything a run needs.
struct Run {
    trainer: Trainer,
    data: Dataset,
    source: Source,
    /// What the checkpoint keeps of the text.
    kept: String,
    place: Place,
    name: String,
    device: Device,
    /// The log that a resumed run continues.
    log: Option<std::path::PathBuf>,
}

pub fn run<E: Judging>(args: &TrainArgs) -> Outcome {
    if args.mine {
        E::here()?;
    }
    let run = match &args.resume {
        Some(from) => resumed::<E>(args, from)?,
        None => fresh::<E>(args)?,
    };
    train(args, run)
}

/// Whether kernels are asked for that may know f32 alone.
fn own_kernels(args: &TrainArgs) -> bool {
    args.mine || args.device.kernels.is_some() || !args.device.rungs.is_empty()
}

/// The device, with the reader's kernels where they are asked for, in the precision of `otherwise` where
/// none is asked for.
fn open<E: Judging>(
    args: &TrainArgs,
    otherwise: impl FnOnce(&Info) -> (Precision, &'static str),
) -> Outcome<Device> {
    if args.mine {
        args.device.precise(&E::mine(&args.device)?, otherwise)
    } else {
        args.device.open_in(otherwise)
    }
}

fn fresh<E: Judging>(args: &TrainArgs) -> Outcome<Run> {
    let source = args.data.clone().unwrap_or(Source::Stories);
    let (name, shape) = match &args.init {
        Some(path) => {
            folder("--init", path)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            (
                format!("{name}-tuned"),
                checkpoint::read_config(&strata_files::current(path, "config.json"))?,
            )
        }
        None => plan::preset(args)?,
    };
    let device = open::<E>(args, |info| precision::of_training(info, own_kernels(args)))?;
    let (mut config, why) = plan::plan(args, shape, &device)?;
    let place = match &args.out {
        Some(path) => Place::named(path, args.force)?,
        None => Place::free(&name, &source)?,
    };
    let loaded = args.init.as_ref().map(|path| checkpoint::load(path, &device)).transpose()?;
    let (weights, tokenizer) = match loaded {
        Some(Loaded { model, tokenizer, .. }) => (Some(model), TokenizerChoice::Use(tokenizer)),
        None => {
            let kind = args.tokenizer.map_or(TokenizerKind::Bpe, Into::into);
            (None, TokenizerChoice::Train(kind))
        }
    };
    let data = dataset(&source, tokenizer, &config)?;
    if weights.is_none() && data.tokenizer().kind() == TokenizerKind::Char {
        config.model.vocab_size = data.tokenizer().vocab_size();
    }
    let model = match weights {
        Some(model) => model,
        None => Gpt::new(&config.model, &device, config.seed)
            .map_err(|error| explained(error, &device, &config))?,
    };
    let trainer =
        Trainer::new(model, config.clone()).map_err(|error| explained(error, &device, &config))?;
    introduce(&name, &source, &data, trainer.config())?;
    for line in why {
        say!("{}chosen{:#}  {line}", ui::DIM, ui::DIM)?;
    }
    let kept = checkpoint::keep_source(&source, place.folder());
    Ok(Run { trainer, data, source, kept, place, name, device, log: None })
}

fn resumed<E: Judging>(args: &TrainArgs, from: &Path) -> Outcome<Run> {
    folder("--resume", from)?;
    // Before it is read: another run may be at work there.
    let place = match &args.out {
        Some(out) if out != from => Place::named(out, false)?,
        _ => Place::open(from.to_path_buf())?,
    };
    let file = TrainerFile::read_if_there(from)?;
    let source = match (&args.data, &file) {
        (Some(source), _) => source.clone(),
        (None, Some(file)) => remembered::recalled(&file.data, from)?,
        // Without a trainer's state there is nothing to resume, which the trainer says.
        (None, None) => Source::Stories,
    };
    let begun = file.as_ref().map_or(Precision::F32, |file| file.precision);
    let device = open::<E>(args, |info| precision::of_resumed(info, begun, own_kernels(args)))?;
    if device.precision() != begun {
        ui::warn(&format!(
            "the run was begun in {begun} and goes on in {}: not to the same bits as if it had never \
             stopped",
            device.precision()
        ));
    }
    let (mut trainer, tokenizer, _) = match Trainer::resume(from, &device) {
        Err(error) if file.is_none() => {
            return Err(Failure::new(format!("{error}: --init {}", from.display())));
        }
        found => found?,
    };
    let length = match (args.steps, args.minutes) {
        (Some(steps), _) => Some(Length::Steps(steps)),
        (None, minutes) => minutes.map(Length::Minutes),
    };
    if let Some(length) = length {
        trainer.set_length(length)?;
    }
    refuse_finished(from, trainer.config().length, trainer.done())?;
    let data = dataset(&source, TokenizerChoice::Use(tokenizer), trainer.config())?;
    let name = from.file_name().unwrap_or_default().to_string_lossy().into_owned();
    introduce(&name, &source, &data, trainer.config())?;
    let done = trainer.done();
    say!("Going on after step {}: {}", ui::count(done.step), from.display())?;
    let log = Some(from.join("log.jsonl"));
    let kept = checkpoint::keep_source(&source, place.folder());
    Ok(Run { trainer, data, source, kept, place, name, device, log })
}

fn refuse_finished(from: &Path, length: Length, done: CheckpointState) -> Outcome<()> {
    let (finished, more) = match length {
        Length::Steps(total) => {
            (done.step >= total, format!("--steps {}", done.step.max(1).saturating_mul(2)))
        }
        Length::Minutes(minutes) => {
            (done.seconds >= minutes * 60.0, format!("--minutes {}", (done.seconds / 30.0).ceil()))
        }
    };
    if finished {
        return Err(Failure::new(format!(
            "{}: this run has come to its end after {} steps ({}); to train on, give it a new \
             length, e.g. {more}",
            from.display(),
            ui::count(done.step),
            plan::describe(length)
        )));
    }
    Ok(())
}

fn dataset(source: &Source, tokenizer: TokenizerChoice, config: &TrainConfig) -> Outcome<Dataset> {
    let bar = Bar::new();
    let options = Options {
        source: source.clone(),
        tokenizer,
        vocab_size: config.model.vocab_size,
        context: config.context,
        seed: config.seed,
    };
    Ok(prepare(options, &mut |progress| {
        let what = match progress.stage {
            Stage::Reading => "reading the text",
            Stage::Tokenizer => "learning tokens",
            Stage::Encoding => "cutting the text into tokens",
        };
        bar.set(progress.done as f64 / progress.total.max(1) as f64, || what.into());
    })?)
}

fn introduce(name: &str, source: &Source, data: &Dataset, config: &TrainConfig) -> Outcome<()> {
    let head = ui::HEAD;
    let m = &config.model;
    let parameters = ui::count(m.parameters());
    let shape = format!("{} layers, {} heads, width {}", m.n_layer, m.n_head, m.n_embd);
    say!(
        "{head}Model{head:#}  {name}: {parameters} parameters ({shape}, vocabulary {})",
        ui::count(m.vocab_size)
    )?;
    let size = match data.train_tokens() {
        Some(tokens) => format!("{} tokens to train on", ui::count(tokens)),
        None => "new ones without end".into(),
    };
    say!(
        "{head}Text{head:#}   {}, {} tokenizer: {size}",
        remembered::shown(source),
        data.tokenizer().kind()
    )?;
    for text in data.notes() {
        say!("       {text}")?;
    }
    let TrainConfig { batch, context, lr, schedule, dropout, seed, .. } = config;
    let batches = match config.accumulate {
        1 => String::new(),
        several => format!("{several} batches of "),
    };
    let smoothed = match config.label_smoothing {
        0.0 => String::new(),
        part => format!(
            ", label smoothing {part} (the losses of steps are smoothed, held-out ones not)"
        ),
    };
    let length = plan::describe(config.length);
    say!(
        "{head}Run{head:#}    {length} of {batches}{batch} rows × {context} tokens, lr {lr} ({schedule}), dropout {dropout}{smoothed}, seed {seed}"
    )?;
    Ok(())
}

fn train(args: &TrainArgs, run: Run) -> Outcome {
    let Run { mut trainer, data, source, kept, mut place, name, device, log } = run;
    let out = place.folder().to_path_buf();
    let config = trainer.config().clone();
    let label = device.info().label();
    let title = format!("{name} on {}, {label}", place::short_name(&source));
    let light = Light::of(&device, &config)?;
    say!("       in {}", light.words())?;
    let mut record = Record::new(&out, args.json.as_deref(), title, &device, &kept, &config);
    if let Some(log) = log
        && !record.take_over(&log, trainer.done().step)?
    {
        ui::warn("the run's log.jsonl cannot be read: the new log begins here");
    }
    // Written now, so that a folder or a file that cannot be written is known before the work.
    let before = record.seconds().max(trainer.done().seconds);
    record.write()?;
    record.announce()?;
    interrupt::listen()?;
    let mut session = Session::new(record, light, config.length, before);
    let every = args.save_every.unwrap_or_default();
    let saves = place.take().map(|folder| Saves { folder, every });
    let ended = fit(&mut trainer, &data, saves.as_ref(), &kept, &mut |event| session.on(&event));
    session.close();
    let done = trainer.done();
    let outcome = match ended {
        Ok(outcome) => outcome,
        Err(error) => {
            let _ = session.record.end(json!({"status": "failed", "error": error.to_string()}));
            if place::holds_checkpoint(&out) {
                ui::note(&format!(
                    "The last checkpoint that was saved is whole: {}",
                    out.display()
                ));
            }
            // What the run held is free again, and so may be what a smaller one needs.
            drop(trainer);
            return Err(explained(error, &device, &config));
        }
    };
    let status = if outcome.stop == Stop::Asked { "interrupted" } else { "finished" };
    let summary = summary(status, &outcome, done, &session, &device);
    session.record.end(summary)?;
    if let Some(failure) = session.take_failure() {
        return Err(failure);
    }
    if outcome.stop == Stop::Asked {
        let (code, at) = (ui::CODE, out.display());
        say!("Stopped after step {}; saved in {at}", ui::count(done.step))?;
        let text = remembered::flag(&source, &out);
        say!("Go on with: {code}cargo strata train --resume {at}{text}{code:#}")?;
        return Ok(interrupt::CODE);
    }
    farewell(&out, &outcome, done, &session)?;
    Ok(0)
}

fn summary(
    status: &str,
    outcome: &RunOutcome,
    done: CheckpointState,
    session: &Session,
    device: &Device,
) -> serde_json::Value {
    let loss = outcome.validation.map(|score| score.nats_per_token());
    json!({
        "status": status,
        "steps": done.step,
        "tokens": done.tokens,
        "seconds": session.seconds(),
        "speed": session.light.json(session.pace.rate()),
        "memory_bytes": device.stats().bytes,
        "validation": loss,
        "floor": outcome.floor,
        "ratio": outcome.floor.zip(loss).map(|(floor, loss)| loss / floor),
    })
}

fn farewell(
    out: &Path,
    outcome: &RunOutcome,
    done: CheckpointState,
    session: &Session,
) -> Outcome<()> {
    let (head, code, at) = (ui::HEAD, ui::CODE, out.display());
    let loss = outcome.validation.unwrap_or_default().nats_per_token();
    let floor = match outcome.floor {
        Some(floor) => format!("; the floor is {floor:.4}, so {:.3} times it", loss / floor),
        None => String::new(),
    };
    let time = ui::duration(Duration::try_from_secs_f64(session.seconds()).unwrap_or_default());
    say!(
        "{head}Done{head:#}   {} steps, {} tokens in {time}",
        ui::count(done.step),
        ui::count(done.tokens)
    )?;
    say!("       {}", session.light.reached(session.pace.rate()))?;
    say!("       held-out loss {}{floor}", ui::fixed(loss))?;
    say!("       checkpoint in {at}, curve in {}", out.join("loss.svg").display())?;
    say!("Next:  {code}cargo strata generate --checkpoint {at}{code:#}")?;
    Ok(())
}
