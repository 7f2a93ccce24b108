//! Text, split into batches.
use crate::engine::data::{
    self, Options, Progress, Source, Stage, TokenizerChoice, TokenizerKind, prepare,
};
use crate::error::parse;
use crate::numbers::whole;
use crate::{Error, Job, Listen, Result, Tokenizer};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

exports! { ($) dataset_class
    class Dataset as NativeDataset
    now {
        tokenizer: () -> Tokenizer;
        context: () -> f64;
        is_stories: () -> bool;
        notes: () -> Texts;
        train_tokens: () -> f64;
        train: (step: f64, batch: f64) -> Batch;
        validation_batches: (batch: f64) -> f64;
        validation: (index: f64, batch: f64) -> Batch;
        prompt: () -> Uint32Array;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DatasetOptions {
    source: String,
    tokenizer: String,
    vocab_size: f64,
    context: f64,
    seed: f64,
}

/// A tokenizer and the rows it splits a text into.
#[derive(Clone)]
pub struct Dataset(pub(crate) Arc<data::Dataset>);

pub use data::Batch;

/// Reads a text, makes the tokenizer, splits the text into rows. `on` hears `{ stage, done, total }`.
pub fn prepare_dataset(
    options: String,
    tokenizer: Option<&Tokenizer>,
    on: impl Listen,
) -> Result<Job<Dataset>> {
    let op = "prepare";
    let wanted: DatasetOptions = parse(op, &options)?;
    let choice = match (tokenizer, wanted.tokenizer.as_str()) {
        (Some(given), _) => TokenizerChoice::Use((*given.0).clone()),
        (None, "bpe") => TokenizerChoice::Train(TokenizerKind::Bpe),
        (None, "char") => TokenizerChoice::Train(TokenizerKind::Char),
        (None, other) => {
            let reason = format!("a tokenizer is \"bpe\", \"char\" or a Tokenizer, not {other:?}");
            return Err(Error::argument(op, reason));
        }
    };
    let options = Options {
        source: wanted.source.parse().unwrap_or(Source::Stories),
        tokenizer: choice,
        vocab_size: whole(op, "vocabSize", wanted.vocab_size)?,
        context: whole(op, "context", wanted.context)?,
        seed: whole(op, "seed", wanted.seed)? as u64,
    };
    Ok(Job::of(async move || {
        let mut tell = |progress: Progress| {
            let stage = match progress.stage {
                Stage::Reading => "reading",
                Stage::Tokenizer => "tokenizer",
                Stage::Encoding => "encoding",
            };
            let (done, total) = (progress.done, progress.total);
            let _ = on.tell(&json!({"stage": stage, "done": done, "total": total}));
        };
        Ok(Dataset(Arc::new(prepare(options, &mut tell)?)))
    }))
}

impl Dataset {
    /// Its tokenizer.
    pub fn tokenizer(&self) -> Result<Tokenizer> {
        Ok(self.0.tokenizer().clone().into())
    }

    /// Tokens in a row.
    pub fn context(&self) -> Result<f64> {
        Ok(self.0.context() as f64)
    }

    /// Are these the embedded stories?
    pub fn is_stories(&self) -> Result<bool> {
        Ok(self.0.is_stories())
    }

    /// What the user should know.
    pub fn notes(&self) -> Result<Vec<String>> {
        Ok(self.0.notes().to_vec())
    }

    /// Tokens to train on, or -1 for stories.
    pub fn train_tokens(&self) -> Result<f64> {
        Ok(self.0.train_tokens().map_or(-1.0, |n| n as f64))
    }

    /// The batch of a step.
    pub fn train(&self, step: f64, batch: f64) -> Result<Batch> {
        let (step, rows) = (whole("batch", "step", step)?, self.rows(batch)?);
        Ok(self.0.train(step as u64, rows))
    }

    /// Batches of held-out text.
    pub fn validation_batches(&self, batch: f64) -> Result<f64> {
        Ok(self.0.validation_batches(self.rows(batch)?) as f64)
    }

    /// One of them.
    pub fn validation(&self, index: f64, batch: f64) -> Result<Batch> {
        let (index, rows) = (whole("batch", "index", index)?, self.rows(batch)?);
        Ok(self.0.validation(index, rows))
    }

    /// What to begin a sample with.
    pub fn prompt(&self) -> Result<Vec<u32>> {
        Ok(self.0.prompt())
    }
}

/// The most tokens in a batch: a quarter of a gigabyte of ids and targets.
const MOST: usize = 1 << 25;

impl Dataset {
    /// The rows of a batch: as many as a trainer takes, and as there is room for.
    fn rows(&self, batch: f64) -> Result<usize> {
        let op = "batch";
        let rows = whole(op, "batchSize", batch)?;
        if !(1..=65_536).contains(&rows) {
            let message = format!("batchSize must lie between 1 and 65,536, not {rows}");
            return Err(Error::argument(op, message));
        }
        let context = self.0.context();
        if rows.saturating_mul(context) > MOST {
            let what = "tokens are too many";
            return Err(error!("size", op, "{rows} rows of {context} {what}; {MOST} fit a batch"));
        }
        Ok(rows)
    }
}
