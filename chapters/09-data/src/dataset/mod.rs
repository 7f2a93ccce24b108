//! Batches: what a training step sees.
//!
//! A batch is a pure function of the seed and the step. There is no shuffled list and no
//! position to save: to resume at step 700, ask for batch 700.

mod stories;
mod text;

use crate::error::{DataError, Result};
use crate::files::{book, documents};
use crate::tokenizer::{Tokenizer, TokenizerKind};
use std::path::PathBuf;

/// The target of a position that is not scored: padding after the end of a story.
pub const IGNORE: u32 = u32::MAX;

/// The largest context that is accepted: beyond it is a typing mistake.
const LARGEST_CONTEXT: usize = 1 << 20;

/// Where the text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The embedded stories.
    Stories,
    /// The pages of this project's book.
    Book,
    /// A UTF-8 file, or a folder of them.
    Path(PathBuf),
}

impl std::str::FromStr for Source {
    type Err = std::convert::Infallible;

    /// `stories` and `book` are texts that come with Strata; anything else is a path (a folder that
    /// happens to be called so is `./stories`).
    fn from_str(text: &str) -> std::result::Result<Self, Self::Err> {
        Ok(match text {
            "stories" => Self::Stories,
            "book" => Self::Book,
            path => Self::Path(path.into()),
        })
    }
}

/// Where the tokenizer comes from.
#[derive(Clone, Debug)]
pub enum TokenizerChoice {
    /// Made from the training text.
    Train(TokenizerKind),
    /// An existing one: a checkpoint's, when resuming, fine-tuning or evaluating.
    Use(Tokenizer),
}

/// What to prepare.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the text comes from.
    pub source: Source,
    /// Where the tokenizer comes from.
    pub tokenizer: TokenizerChoice,
    /// Tokens a BPE may have; the rows of the model's embedding. Ignored for other tokenizers.
    pub vocab_size: usize,
    /// Tokens in a row.
    pub context: usize,
    /// Which training stories, or which windows of the text, each step draws.
    pub seed: u64,
}

/// What [`prepare`] is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading files or telling stories.
    Reading,
    /// Learning merges.
    Tokenizer,
    /// Turning text into tokens.
    Encoding,
}

/// How far [`prepare`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is going on.
    pub stage: Stage,
    /// Units done, of `total`.
    pub done: usize,
    /// Units there are in this stage.
    pub total: usize,
}

/// One batch: `batch` rows of `context` tokens, row after row.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch {
    /// What the model reads; `batch * context` ids.
    pub inputs: Vec<u32>,
    /// What it should say next at each position, or [`IGNORE`].
    pub targets: Vec<u32>,
    /// Rows.
    pub batch: usize,
    /// Tokens in a row.
    pub context: usize,
    /// Targets that are not [`IGNORE`]: the divisor of the mean loss. It can be 0 only in a
    /// validation batch that was asked for beyond the last.
    pub scored: usize,
    /// Bytes of text that the scored targets stand for, for bits per byte.
    pub bytes: usize,
    /// For stories, the sum of −ln of the probability of what is scored, in nats: the loss floor
    /// of this very batch is `floor_nats / scored`.
    pub floor_nats: Option<f64>,
}

impl Batch {
    /// The loss no model can beat on stories like these, in nats per token; `None` where the
    /// entropy of the text is not known.
    pub fn floor(&self) -> Option<f64> {
        self.floor_nats.filter(|_| self.scored > 0).map(|nats| nats / self.scored as f64)
    }

    /// Joins rows of equal length.
    fn from_rows(rows: Vec<Row>, context: usize) -> Self {
        let mut batch = Self {
            inputs: Vec::with_capacity(rows.len() * context),
            targets: Vec::with_capacity(rows.len() * context),
            batch: rows.len(),
            context,
            scored: 0,
            bytes: 0,
            floor_nats: rows.iter().map(|row| row.floor_nats).sum(),
        };
        for row in rows {
            batch.inputs.extend(row.inputs);
            batch.targets.extend(row.targets);
            batch.scored += row.scored;
            batch.bytes += row.bytes;
        }
        batch
    }
}

/// One row of a batch.
struct Row {
    inputs: Vec<u32>,
    targets: Vec<u32>,
    scored: usize,
    bytes: usize,
    floor_nats: Option<f64>,
}

enum Rows {
    Stories(stories::Stories),
    Text(text::Text),
}

/// A tokenizer and the rows it cuts a text into.
pub struct Dataset {
    tokenizer: Tokenizer,
    context: usize,
    rows: Rows,
    notes: Vec<String>,
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset")
            .field("stories", &self.is_stories())
            .field("tokenizer", &self.tokenizer.kind())
            .field("vocab_size", &self.tokenizer.vocab_size())
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// Reads the text, makes the tokenizer and cuts the text into rows. `progress` is called as
/// it goes along; a closure that does nothing will do.
///
/// # Errors
/// Whatever is wrong with the text, the tokenizer or the numbers, with what to do about it: see
/// [`DataError`].
pub fn prepare(options: Options, progress: &mut dyn FnMut(Progress)) -> Result<Dataset> {
    let Options { source, tokenizer, vocab_size, context, seed } = options;
    if context == 0 || context > LARGEST_CONTEXT {
        return Err(DataError::Context { context, largest: LARGEST_CONTEXT });
    }
    let mut notes = Vec::new();
    let (tokenizer, rows) = match source {
        Source::Stories => {
            let tokenizer = stories::tokenizer(tokenizer, vocab_size, &mut notes, progress)?;
            let rows = stories::Stories::new(&tokenizer, context, seed, &mut notes)?;
            (tokenizer, Rows::Stories(rows))
        }
        Source::Book | Source::Path(_) => {
            progress(Progress { stage: Stage::Reading, done: 0, total: 1 });
            let (path, documents) = match source {
                Source::Path(path) => (path.clone(), documents(&path)?),
                _ => (strata_book::FOLDER.into(), book()?),
            };
            let texts = text::Split::new(documents);
            progress(Progress { stage: Stage::Reading, done: 1, total: 1 });
            let tokenizer = text::tokenizer(tokenizer, &texts, vocab_size, &mut notes, progress)?;
            let rows = text::Text::new(&path, &texts, &tokenizer, context, seed, progress)?;
            (tokenizer, Rows::Text(rows))
        }
    };
    Ok(Dataset { tokenizer, context, rows, notes })
}

impl Dataset {
    /// The tokenizer: to be saved with the model.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Tokens in a row.
    pub fn context(&self) -> usize {
        self.context
    }

    /// Are these the embedded stories, whose entropy is known?
    pub fn is_stories(&self) -> bool {
        matches!(self.rows, Rows::Stories(_))
    }

    /// What the user should know: spare rows of the vocabulary, stories cut at the context.
    /// Whole sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Tokens to train on; `None` for stories, which never end.
    pub fn train_tokens(&self) -> Option<usize> {
        match &self.rows {
            Rows::Stories(_) => None,
            Rows::Text(text) => Some(text.train.ids.len()),
        }
    }

    /// The batch of a training step: a pure function of the seed, `step` and `batch`.
    pub fn train(&self, step: u64, batch: usize) -> Batch {
        let rows = match &self.rows {
            Rows::Stories(stories) => stories.train(&self.tokenizer, step, batch),
            Rows::Text(text) => text.train(step, batch),
        };
        Batch::from_rows(rows, self.context)
    }

    /// Rows of held-out text, the same for every seed: 512 stories, or the last tenth of the text
    /// in windows that do not overlap.
    pub fn validation_rows(&self) -> usize {
        match &self.rows {
            Rows::Stories(_) => stories::HELD_OUT_ROWS,
            Rows::Text(text) => text.validation_rows(),
        }
    }

    /// How many batches of `batch` rows it takes to see all held-out text once.
    pub fn validation_batches(&self, batch: usize) -> usize {
        self.validation_rows().div_ceil(batch.max(1))
    }

    /// Held-out batch number `index`. Rows beyond the last are all padding, so that every batch
    /// has the same shape.
    pub fn validation(&self, index: usize, batch: usize) -> Batch {
        let first = index.saturating_mul(batch);
        let rows = match &self.rows {
            Rows::Stories(stories) => stories.validation(&self.tokenizer, first, batch),
            Rows::Text(text) => text.validation(first, batch),
        };
        Batch::from_rows(rows, self.context)
    }

    /// As [`validation_batches`](Self::validation_batches), over the whole text: what an evaluation
    /// of some other text than the one trained on goes through. For stories these are the
    /// held-out ones.
    pub fn whole_batches(&self, batch: usize) -> usize {
        match &self.rows {
            Rows::Stories(_) => self.validation_batches(batch),
            Rows::Text(text) => text.whole_rows().div_ceil(batch.max(1)),
        }
    }

    /// Batch number `index` of the whole text, in windows that do not overlap.
    pub fn whole(&self, index: usize, batch: usize) -> Batch {
        match &self.rows {
            Rows::Stories(_) => self.validation(index, batch),
            Rows::Text(text) => {
                let rows = text.whole(index.saturating_mul(batch), batch);
                Batch::from_rows(rows, self.context)
            }
        }
    }

    /// What to begin a sample with: `<|endoftext|>` where texts begin with it in training (stories,
    /// folders), otherwise the first token of the text.
    pub fn prompt(&self) -> Vec<u32> {
        match (&self.rows, self.tokenizer.end_of_text()) {
            (Rows::Stories(_), Some(end)) => vec![end],
            (Rows::Text(text), Some(end)) if text.several => vec![end],
            (Rows::Text(text), _) => text.train.ids.iter().take(1).copied().collect(),
            (Rows::Stories(_), None) => Vec::new(),
        }
    }
}
