//! Text, cut into batches.
use crate::events::Listener;
use crate::failure::{Failure, Outcome, json};
use crate::guard::guard;
use crate::job::{Job, job};
use crate::numbers::whole;
use crate::tokenizer::NativeTokenizer;
use napi::bindgen_prelude::{AsyncTask, Function, Uint32Array, Unknown};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use strata_ml::data::{
    Batch, Dataset, Options, Progress, Source, Stage, TokenizerChoice, TokenizerKind, prepare,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    source: String,
    tokenizer: String,
    vocab_size: f64,
    context: f64,
    seed: f64,
}

/// A tokenizer and the rows it cuts a text into.
#[napi]
pub struct NativeDataset {
    pub(crate) dataset: Arc<Dataset>,
}

/// One batch.
#[napi(object)]
pub struct NativeBatch {
    /// What the model reads.
    pub inputs: Uint32Array,
    /// What it should say next.
    pub targets: Uint32Array,
    /// Rows.
    pub batch: f64,
    /// Tokens in a row.
    pub context: f64,
    /// Targets that count.
    pub scored: f64,
    /// Bytes of text behind them.
    pub bytes: f64,
    /// Nats a token that no model can beat, or NaN.
    pub floor: f64,
}

impl From<Batch> for NativeBatch {
    fn from(batch: Batch) -> Self {
        NativeBatch {
            floor: batch.floor().unwrap_or(f64::NAN),
            batch: batch.batch as f64,
            context: batch.context as f64,
            scored: batch.scored as f64,
            bytes: batch.bytes as f64,
            inputs: batch.inputs.into(),
            targets: batch.targets.into(),
        }
    }
}

/// Reads a text, makes the tokenizer, cuts the text into rows. `on` hears `{ stage, done, total }`.
#[napi(ts_return_type = "Promise<NativeDataset>")]
pub fn prepare_dataset(
    options: String,
    tokenizer: Option<&NativeTokenizer>,
    on: Function<String, Unknown<'static>>,
) -> napi::Result<AsyncTask<Job<Dataset, NativeDataset>>> {
    let on = Listener::new(&on)?;
    guard(|| {
        let op = "prepare";
        let wanted: Wanted = serde_json::from_str(&options).map_err(json(op))?;
        let choice = match (tokenizer, wanted.tokenizer.as_str()) {
            (Some(given), _) => TokenizerChoice::Use((*given.tokenizer).clone()),
            (None, "bpe") => TokenizerChoice::Train(TokenizerKind::Bpe),
            (None, "char") => TokenizerChoice::Train(TokenizerKind::Char),
            (None, other) => {
                return Err(Failure::argument(
                    op,
                    format!("a tokenizer is \"bpe\", \"char\" or a Tokenizer, not {other:?}"),
                ));
            }
        };
        let options = Options {
            source: wanted.source.parse().unwrap_or(Source::Stories),
            tokenizer: choice,
            vocab_size: whole(op, "vocabSize", wanted.vocab_size)?,
            context: whole(op, "context", wanted.context)?,
            seed: whole(op, "seed", wanted.seed)? as u64,
        };
        let work = move || {
            let mut tell = |progress: Progress| {
                let stage = match progress.stage {
                    Stage::Reading => "reading",
                    Stage::Tokenizer => "tokenizer",
                    Stage::Encoding => "encoding",
                };
                let _ = on
                    .tell(&json!({"stage": stage, "done": progress.done, "total": progress.total}));
            };
            Ok(prepare(options, &mut tell)?)
        };
        Ok(job(work, |dataset| Ok(NativeDataset { dataset: Arc::new(dataset) })))
    })
}

#[napi]
impl NativeDataset {
    /// Its tokenizer.
    #[napi]
    pub fn tokenizer(&self) -> napi::Result<NativeTokenizer> {
        guard(|| Ok(self.dataset.tokenizer().clone().into()))
    }

    /// Tokens in a row.
    #[napi]
    pub fn context(&self) -> napi::Result<f64> {
        guard(|| Ok(self.dataset.context() as f64))
    }

    /// Are these the embedded stories?
    #[napi]
    pub fn is_stories(&self) -> napi::Result<bool> {
        guard(|| Ok(self.dataset.is_stories()))
    }

    /// What the user should know.
    #[napi]
    pub fn notes(&self) -> napi::Result<Vec<String>> {
        guard(|| Ok(self.dataset.notes().to_vec()))
    }

    /// Tokens to train on, or -1 for stories.
    #[napi]
    pub fn train_tokens(&self) -> napi::Result<f64> {
        guard(|| Ok(self.dataset.train_tokens().map_or(-1.0, |n| n as f64)))
    }

    /// The batch of a step.
    #[napi]
    pub fn train(&self, step: f64, batch: f64) -> napi::Result<NativeBatch> {
        guard(|| {
            let (step, rows) = (whole("batch", "step", step)?, self.rows(batch)?);
            Ok(self.dataset.train(step as u64, rows).into())
        })
    }

    /// Batches of held-out text.
    #[napi]
    pub fn validation_batches(&self, batch: f64) -> napi::Result<f64> {
        guard(|| Ok(self.dataset.validation_batches(self.rows(batch)?) as f64))
    }

    /// One of them.
    #[napi]
    pub fn validation(&self, index: f64, batch: f64) -> napi::Result<NativeBatch> {
        guard(|| {
            let (index, rows) = (whole("batch", "index", index)?, self.rows(batch)?);
            Ok(self.dataset.validation(index, rows).into())
        })
    }

    /// What to begin a sample with.
    #[napi]
    pub fn prompt(&self) -> napi::Result<Uint32Array> {
        guard(|| Ok(self.dataset.prompt().into()))
    }
}

/// The most tokens in a batch: a quarter of a gigabyte of ids and targets.
const MOST: usize = 1 << 25;

impl NativeDataset {
    /// The rows of a batch: as many as a trainer takes, and as there is room for.
    fn rows(&self, batch: f64) -> Outcome<usize> {
        let op = "batch";
        let rows = whole(op, "batchSize", batch)?;
        if !(1..=65_536).contains(&rows) {
            let message = format!("batchSize must lie between 1 and 65,536, not {rows}");
            return Err(Failure::argument(op, message));
        }
        let context = self.dataset.context();
        if rows.saturating_mul(context) > MOST {
            let message =
                format!("{op}: {rows} rows of {context} tokens are too many; {MOST} fit a batch");
            return Err(Failure::new("size", op, message));
        }
        Ok(rows)
    }
}
