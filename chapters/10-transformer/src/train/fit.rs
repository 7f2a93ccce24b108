use super::saves::Due;
use super::{Evaluation, Length, SaveEvery, Saves, StepReport, TrainConfig, Trainer};
use crate::generate::{Generator, Sampling};
use crate::{Error, Result};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;
use strata_data::{Batch, Dataset};
use web_time::Instant;

/// What a run says while it works.
#[derive(Debug)]
pub enum Event<'a> {
    /// The run goes on with another text than it had before, or with one that was edited since: it
    /// will not come to the same bits. Said before the first step.
    TextChanged {
        /// Steps done.
        step: u64,
    },
    /// A step was done.
    Step(&'a Progress),
    /// Held-out text was scored.
    Evaluated {
        /// Steps done.
        step: u64,
        /// The score.
        score: Evaluation,
        /// The loss no model can beat on that text, where it is known.
        floor: Option<f64>,
    },
    /// The model wrote something.
    Sample {
        /// Steps done.
        step: u64,
        /// What it wrote.
        text: &'a str,
    },
    /// A checkpoint was written.
    Saved {
        /// Steps done.
        step: u64,
        /// Where.
        folder: &'a Path,
    },
    /// A checkpoint could not be written. The last one is whole, the run goes on, and the next try
    /// has its time.
    Unsaved {
        /// Steps done.
        step: u64,
        /// Why.
        error: &'a Error,
    },
}

/// Where a run stands after a step.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// The step's loss, gradient norm and learning rate.
    pub report: StepReport,
    /// The loss no model can beat on the step's batches, where it is known; the plain loss, also where
    /// the run's labels are smoothed.
    pub floor: Option<f64>,
    /// Tokens in a second, padding included, over the last steps.
    pub tokens_per_second: f64,
    /// How much of the run is done, 0 to 1.
    pub fraction: f64,
    /// Time left, as it looks.
    pub left: Duration,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It came to its end.
    Finished,
    /// The caller broke it off.
    Asked,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    /// Why it ended.
    pub stop: Stop,
    /// The last evaluation; none if the run was broken off before its first.
    pub validation: Option<Evaluation>,
    /// The floor of the held-out text, where it is known.
    pub floor: Option<f64>,
}

/// Time to the first sample, then between samples.
const FIRST_SAMPLE: Duration = Duration::from_secs(20);
const SAMPLE_EVERY: Duration = Duration::from_secs(75);

struct Clock {
    start: Instant,
    before: f64,
    config: TrainConfig,
}

impl Clock {
    fn seconds(&self) -> f64 {
        self.before + self.start.elapsed().as_secs_f64()
    }

    fn fraction(&self, steps: u64) -> f64 {
        self.config.fraction(steps, self.seconds())
    }

    fn lr(&self, steps: u64) -> Result<f32> {
        self.config.lr_after(steps, self.seconds())
    }
}

/// Trains until the run's length is reached or `on` breaks it off, evaluating, sampling and saving
/// on the way. A run that is broken off is saved before it returns. `about` is what it is trained
/// on: see [`Trainer::save_async`].
///
/// # Errors
/// [`Error::NonFinite`], a device error, a folder that cannot be written at the end.
pub async fn fit_async(
    trainer: &mut Trainer,
    data: &Dataset,
    saves: Option<&Saves>,
    about: &str,
    on: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Outcome> {
    let config = trainer.config().clone();
    let clock =
        Clock { start: Instant::now(), before: trainer.done().seconds, config: config.clone() };
    let held_out = data.validation_batches(config.batch).clamp(1, config.eval_batches);
    let validation = || (0..held_out).map(|i| data.validation(i, config.batch));
    let floor = joint_floor(validation());
    let mut speed = Speed::default();
    let mut next_sample = FIRST_SAMPLE;
    let mut due = Due::new(saves.map_or_else(SaveEvery::default, |s| s.every), trainer.done().step);
    let mut last_note = Instant::now();
    let mut score = None;
    let mut stop = Stop::Finished;
    let changed = trainer.text_changed(data);
    if changed && on(Event::TextChanged { step: trainer.done().step }).is_break() {
        return Ok(Outcome { stop: Stop::Asked, validation: None, floor });
    }
    trainer.set_text(data);
    while clock.fraction(trainer.done().step) < 1.0 {
        // region: loop
        let step = trainer.done().step;
        let batches = trainer.batches(data, step);
        let started = Instant::now();
        let report = trainer.step_of_async(&batches, clock.lr(step)?).await?;
        // end: loop
        let fraction = clock.fraction(report.step);
        speed.add((config.accumulate * config.batch * config.context) as f64, started.elapsed());
        let progress = Progress {
            report,
            floor: joint_floor(batches),
            tokens_per_second: speed.rate(),
            fraction,
            left: remaining(&clock, report.step, &speed),
        };
        let mut flow = on(Event::Step(&progress));
        let mut emit = |flow: &mut ControlFlow<()>, event: Event| {
            if on(event).is_break() {
                *flow = ControlFlow::Break(());
            }
        };
        let last = fraction >= 1.0;
        if flow.is_continue() && (report.step.is_multiple_of(config.eval_every) || last) {
            let done = trainer.evaluate_async(validation()).await?;
            score = Some(done);
            emit(&mut flow, Event::Evaluated { step: report.step, score: done, floor });
        }
        if flow.is_continue() && (clock.start.elapsed() >= next_sample || last) {
            next_sample = clock.start.elapsed() + SAMPLE_EVERY;
            let text = sample_async(trainer, data, report.step).await?;
            emit(&mut flow, Event::Sample { step: report.step, text: &text });
        }
        if flow.is_break() && !last {
            stop = Stop::Asked;
        }
        trainer.note_time(last_note.elapsed().as_secs_f64(), score.map(|s| s.nats_per_token()));
        last_note = Instant::now();
        let end = last || stop == Stop::Asked;
        if let Some(saves) = saves.filter(|_| end || due.is_now(report.step)) {
            let folder = saves.folder.path();
            match trainer.save_in_async(&saves.folder, data.tokenizer(), about).await {
                Ok(()) => _ = on(Event::Saved { step: report.step, folder }),
                Err(error) if end => return Err(error),
                // A disk that is full for an hour must not end a run of three days.
                Err(error) => _ = on(Event::Unsaved { step: report.step, error: &error }),
            }
            due.tried(report.step);
        }
        if stop == Stop::Asked {
            break;
        }
    }
    if score.is_none() && stop == Stop::Finished {
        score = Some(trainer.evaluate_async(validation()).await?);
    }
    Ok(Outcome { stop, validation: score, floor })
}

/// The floor of all their scored tokens together.
fn joint_floor(batches: impl IntoIterator<Item = Batch>) -> Option<f64> {
    let mut sum = (0.0, 0);
    for batch in batches {
        sum = (sum.0 + batch.floor_nats?, sum.1 + batch.scored);
    }
    (sum.1 > 0).then(|| sum.0 / sum.1 as f64)
}

/// Tokens a second over the last steps, so that the first, slow one is soon forgotten.
#[derive(Debug, Default)]
struct Speed {
    tokens: f64,
    seconds: f64,
    steps: u64,
}

impl Speed {
    fn add(&mut self, tokens: f64, time: Duration) {
        let keep = if self.steps < 2 { 0.0 } else { 0.95 };
        self.steps += 1;
        self.tokens = keep * self.tokens + tokens;
        self.seconds = keep * self.seconds + time.as_secs_f64();
    }

    fn rate(&self) -> f64 {
        self.tokens / self.seconds.max(1e-9)
    }
}

fn remaining(clock: &Clock, step: u64, speed: &Speed) -> Duration {
    let seconds = match clock.config.length {
        Length::Minutes(minutes) => 60.0 * minutes - clock.seconds(),
        Length::Steps(total) => {
            let steps_kept = (1.0 - 0.95f64.powi(speed.steps.min(10_000) as i32)) / 0.05;
            let each = speed.seconds / steps_kept.max(1.0);
            total.saturating_sub(step) as f64 * each
        }
    };
    Duration::try_from_secs_f64(seconds.clamp(0.0, 1e9)).unwrap_or_default()
}

/// A text of the model's own, as long as its context at most.
///
/// # Errors
/// The device fails.
pub async fn sample_async(trainer: &Trainer, data: &Dataset, seed: u64) -> Result<String> {
    let sampling = Sampling { temperature: 0.8, seed, ..Sampling::default() };
    let mut generator = Generator::new(trainer.model(), sampling)?;
    let prompt = data.prompt();
    let end = data.tokenizer().end_of_text();
    let mut out: Vec<u32> = prompt.iter().copied().filter(|&t| Some(t) != end).collect();
    let mut logits = generator.read_async(&prompt).await?;
    let most = trainer.config().context.saturating_sub(prompt.len()).min(200);
    for i in 0..most {
        let token = generator.draw(&logits);
        // The table may have more rows than the tokenizer has tokens.
        if Some(token) == end || token as usize >= data.tokenizer().vocab_size() {
            break;
        }
        out.push(token);
        if i + 1 < most {
            logits = generator.read_async(&[token]).await?;
        }
    }
    let bytes = data.tokenizer().decode(&out);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
