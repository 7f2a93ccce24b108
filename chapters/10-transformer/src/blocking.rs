//! What waits for the device, native only: a page must not. Each of these is its async form, driven
//! to the end on the thread that calls it.

use crate::checkpoint::{self, NamedTensor, RunFolder};
use crate::train::{self, Evaluation, Event, Outcome, Saves, StepReport, Trainer};
use crate::{Error, Generator, Gpt, Result};
use pollster::block_on;
use std::ops::ControlFlow;
use std::path::Path;
use strata_data::{Batch, Dataset, Tokenizer};
use strata_tensor::DType;

impl Trainer {
    /// [`step_async`](Self::step_async), waiting for its numbers.
    ///
    /// # Errors
    /// As [`step_of`](Self::step_of).
    pub fn step(&mut self, batch: &Batch, lr: f32) -> Result<StepReport> {
        block_on(self.step_async(batch, lr))
    }

    /// [`step_of_async`](Self::step_of_async), waiting for its numbers.
    ///
    /// # Errors
    /// As [`step_of_async`](Self::step_of_async).
    pub fn step_of(&mut self, batches: &[Batch], lr: f32) -> Result<StepReport> {
        block_on(self.step_of_async(batches, lr))
    }

    /// [`evaluate_async`](Self::evaluate_async), waiting for the score.
    ///
    /// # Errors
    /// As [`evaluate_async`](Self::evaluate_async).
    pub fn evaluate(&self, batches: impl IntoIterator<Item = Batch>) -> Result<Evaluation> {
        block_on(self.evaluate_async(batches))
    }

    /// [`save_async`](Self::save_async), waiting for the numbers to be saved.
    ///
    /// # Errors
    /// As [`save_async`](Self::save_async).
    pub fn save(&self, folder: &Path, tokenizer: &Tokenizer, data: &str) -> Result<()> {
        block_on(self.save_async(folder, tokenizer, data))
    }

    /// [`save`](Self::save) into a folder that this run has already.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn save_in(&self, folder: &RunFolder, tokenizer: &Tokenizer, data: &str) -> Result<()> {
        block_on(self.save_in_async(folder, tokenizer, data))
    }
}

impl Generator {
    /// [`read_async`](Self::read_async), waiting for the logits.
    ///
    /// # Errors
    /// As [`read_async`](Self::read_async).
    pub fn read(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        block_on(self.read_async(tokens))
    }

    /// [`next_async`](Self::next_async), waiting for the logits.
    ///
    /// # Errors
    /// As [`next_async`](Self::next_async).
    pub fn next(&mut self, logits: &[f32]) -> Result<(u32, Vec<f32>)> {
        block_on(self.next_async(logits))
    }
}

impl Gpt {
    /// [`non_finite_parameter_async`](Self::non_finite_parameter_async), waiting for the answer.
    ///
    /// # Errors
    /// The device fails.
    pub fn non_finite_parameter(&self) -> Result<Option<String>> {
        block_on(self.non_finite_parameter_async())
    }

    /// [`not_finite_async`](Self::not_finite_async), waiting for the answer.
    pub fn not_finite(&self, what: &'static str) -> Error {
        block_on(self.not_finite_async(what))
    }
}

/// [`fit_async`](train::fit_async), waiting for the run's end.
///
/// # Errors
/// As [`fit_async`](train::fit_async).
pub fn fit(
    trainer: &mut Trainer,
    data: &Dataset,
    saves: Option<&Saves>,
    about: &str,
    on: &mut dyn FnMut(Event) -> ControlFlow<()>,
) -> Result<Outcome> {
    block_on(train::fit_async(trainer, data, saves, about, &mut async |event| on(event)))
}

/// [`sample_async`](train::sample_async), waiting for the text.
///
/// # Errors
/// The device fails.
pub fn sample(trainer: &Trainer, data: &Dataset, seed: u64) -> Result<String> {
    block_on(train::sample_async(trainer, data, seed))
}

/// [`weights_async`](checkpoint::weights_async), waiting for the numbers.
///
/// # Errors
/// The device fails.
pub fn weights(model: &Gpt) -> Result<Vec<NamedTensor>> {
    block_on(checkpoint::weights_async(model))
}

/// [`save_model_async`](checkpoint::save_model_async), waiting for the numbers to be saved.
///
/// # Errors
/// As [`save_model_async`](checkpoint::save_model_async).
pub fn save_model(folder: &Path, model: &Gpt, tokenizer: &Tokenizer, dtype: DType) -> Result<()> {
    block_on(checkpoint::save_model_async(folder, model, tokenizer, dtype))
}
