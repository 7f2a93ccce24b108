use crate::{Error, GptConfig, Result};
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use strata_adamw::Schedule;

/// How long a run lasts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// So many steps.
    Steps(u64),
    /// So many minutes; the learning rate follows the clock.
    Minutes(f64),
}

/// How a run is set up: everything that, with the data, decides its outcome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainConfig {
    /// The model's shape.
    pub model: GptConfig,
    /// Rows of a batch.
    pub batch: usize,
    /// Batches of a step, one after the other: their gradients are added up before the weights change,
    /// as if they had been one batch. Checkpoints from before there was a choice have 1.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Tokens of a row.
    pub context: usize,
    /// How long it lasts.
    pub length: Length,
    /// Peak learning rate.
    pub lr: f32,
    /// The course of the learning rate, by name: see [`Schedule::NAMES`].
    pub schedule: String,
    /// AdamW's decay of the means of gradient and squared gradient.
    pub betas: (f64, f64),
    /// AdamW's weight decay, on matrices only.
    pub weight_decay: f32,
    /// The largest global gradient norm; longer gradients are scaled down to it.
    pub clip: Option<f32>,
    /// Probability of dropping an activation.
    pub dropout: f32,
    /// How much of each target is spread over all tokens evenly, in training only: an evaluation
    /// takes the plain loss. Checkpoints from before there was a choice have 0.
    #[serde(default)]
    pub label_smoothing: f32,
    /// Seed of weights, batches and dropout.
    pub seed: u64,
    /// Steps between evaluations.
    pub eval_every: u64,
    /// Batches in an evaluation.
    pub eval_batches: usize,
}

fn one() -> usize {
    1
}

impl TrainConfig {
    /// How much of the run is done after so many steps and seconds, 0 to 1.
    pub(super) fn fraction(&self, steps: u64, seconds: f64) -> f64 {
        match self.length {
            Length::Steps(total) => steps as f64 / total as f64,
            Length::Minutes(minutes) => seconds / (60.0 * minutes),
        }
        .min(1.0)
    }

    /// The learning rate of the step after so many steps and seconds.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a fraction lies between 0 and 1"
    )]
    pub(super) fn lr_after(&self, steps: u64, seconds: f64) -> Result<f32> {
        let (step, total) = match self.length {
            Length::Steps(total) => (steps, total),
            // The clock stands in for the step counter, in ten-thousandths of the run.
            Length::Minutes(_) => ((self.fraction(steps, seconds) * 1e4) as u64, 10_000),
        };
        Ok(Schedule::named(&self.schedule, self.lr, total)?.lr(step, total)?)
    }

    /// Checks every number.
    ///
    /// # Errors
    /// One that is out of its range; the message names it.
    pub fn validate(&self) -> Result<()> {
        self.model.validate()?;
        let fail = |name, value: String, range: &str| Err(Error::setting(name, value, range));
        if self.batch == 0 || self.batch > 1 << 16 {
            return fail("batch", self.batch.to_string(), "it must lie between 1 and 65,536");
        }
        // As many rows as one batch may have.
        let most = (1 << 16) / self.batch;
        if self.accumulate == 0 || self.accumulate > most {
            let range = format!(
                "with batches of {} it must lie between 1 and {most}, which is 65,536 rows a step",
                self.batch
            );
            return fail("accumulate", self.accumulate.to_string(), &range);
        }
        let most = self.model.n_positions;
        if self.context == 0 || self.context > most {
            let range = format!("this model takes 1 to {most} tokens");
            return fail("context", self.context.to_string(), &range);
        }
        match self.length {
            Length::Steps(0) => return fail("steps", "0".into(), "it must be at least 1"),
            Length::Steps(n) if n > u64::from(u32::MAX) => {
                return fail("steps", n.to_string(), "at most 4,294,967,295 can be counted");
            }
            Length::Minutes(m) if !(m > 0.0 && m <= 60.0 * 24.0 * 365.0) => {
                return fail("minutes", m.to_string(), "it must be above 0 and at most a year");
            }
            _ => {}
        }
        within("learning rate", self.lr, 1e-9, 10.0)?;
        within("dropout", self.dropout, 0.0, 0.95)?;
        within("label smoothing", self.label_smoothing, 0.0, 1.0)?;
        within("weight decay", self.weight_decay, 0.0, 10.0)?;
        within("beta 1", self.betas.0, 0.0, 0.9999)?;
        within("beta 2", self.betas.1, 0.0, 0.99999)?;
        Schedule::named(&self.schedule, self.lr, 1)?;
        if let Some(clip) = self.clip {
            within("clip", clip, 1e-6, 1e6)?;
        }
        if self.eval_every == 0 || self.eval_batches == 0 {
            let reason = "an evaluation needs at least one batch and one step between two";
            return Err(Error::Value(reason.into()));
        }
        Ok(())
    }
}

/// A NaN lies nowhere.
fn within<T: PartialOrd + Display>(name: &'static str, value: T, low: T, high: T) -> Result<()> {
    if value >= low && value <= high {
        return Ok(());
    }
    Err(Error::setting(name, value, format!("it must lie between {low} and {high}")))
}
