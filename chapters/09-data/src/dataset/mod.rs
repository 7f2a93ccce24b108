//! Batches: what a training step sees.
//!
//! A batch is a pure function of the seed and the step. There is no shuffled list and no
//! position to save: to resume at step 700, ask for batch 700.

mod batch;
mod stories;
mod text;

pub use batch::Batch;

use crate::error::{DataError, Result};
use crate::files::{book, check_variety, documents};
use crate::tokenizer::{Tokenizer, TokenizerKind};
use batch::Row;
use std::path::PathBuf;
use text::Use;

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

/// Which part of a text is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole,
    /// Its last tenth, which training on it never sees.
    HeldOut,
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

enum Rows {
    Stories(stories::Stories),
    Text(text::Text),
}

/// A tokenizer and the rows of a text in its tokens.
pub struct Dataset {
    tokenizer: Tokenizer,
    context: usize,
    rows: Rows,
    notes: Vec<String>,
    digest: Option<String>,
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

/// Reads the text, makes the tokenizer and the rows. `progress` is called as
/// it goes along; a closure that does nothing will do.
///
/// # Errors
/// Whatever is wrong with the text, the tokenizer or the numbers, with what to do about it: see
/// [`DataError`].
pub fn prepare(options: Options, progress: &mut dyn FnMut(Progress)) -> Result<Dataset> {
    prepare_for(options, Use::Train, progress)
}

/// As [`prepare`], for a text that is not trained on: it may be shorter than a row, which is then as
/// short, and only the part that is scored is tokenized.
///
/// # Errors
/// As [`prepare`]; fewer than two tokens, the first of which is only read.
pub fn prepare_to_score(
    options: Options,
    part: Part,
    progress: &mut dyn FnMut(Progress),
) -> Result<Dataset> {
    prepare_for(options, Use::Score(part), progress)
}

fn prepare_for(options: Options, what: Use, progress: &mut dyn FnMut(Progress)) -> Result<Dataset> {
    let Options { source, tokenizer, vocab_size, context, seed } = options;
    if context == 0 || context > LARGEST_CONTEXT {
        return Err(DataError::Context { context, largest: LARGEST_CONTEXT });
    }
    let mut notes = Vec::new();
    let path = match source {
        Source::Stories => {
            let tokenizer = stories::tokenizer(tokenizer, vocab_size, &mut notes, progress)?;
            let rows = stories::Stories::new(&tokenizer, context, seed, &mut notes)?;
            let rows = Rows::Stories(rows);
            return Ok(Dataset { tokenizer, context, rows, notes, digest: None });
        }
        Source::Book => None,
        Source::Path(path) => Some(path),
    };
    progress(Progress { stage: Stage::Reading, done: 0, total: 1 });
    let documents = path.as_deref().map_or_else(book, documents)?;
    let path = path.unwrap_or_else(|| strata_book::FOLDER.into());
    if what == Use::Train {
        check_variety(&path, &documents)?;
    }
    let texts = text::Split::new(documents);
    let digest = Some(texts.digest());
    progress(Progress { stage: Stage::Reading, done: 1, total: 1 });
    let tokenizer = text::tokenizer(tokenizer, &texts, vocab_size, &mut notes, progress)?;
    let text = text::Text::new(&path, texts, &tokenizer, context, seed, what, progress)?;
    let context = text.context;
    Ok(Dataset { tokenizer, context, rows: Rows::Text(text), notes, digest })
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

    /// What the user should know: spare rows of the vocabulary, stories truncated at the context.
    /// Whole sentences.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// SHA-256 of the text, in hexadecimal: whether a run that goes on still has the text it began
    /// with. `None` for stories, which are always the same.
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// Tokens to train on; `None` for stories, which never end.
    pub fn train_tokens(&self) -> Option<usize> {
        match &self.rows {
            Rows::Stories(_) => None,
            Rows::Text(text) => Some(text.train.len()),
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
            Rows::Text(text) => text.whole_rows(&self.tokenizer).div_ceil(batch.max(1)),
        }
    }

    /// Batch number `index` of the whole text, in windows side by side, the last one shorter: every
    /// token but the first is scored once.
    pub fn whole(&self, index: usize, batch: usize) -> Batch {
        match &self.rows {
            Rows::Stories(_) => self.validation(index, batch),
            Rows::Text(text) => {
                let first = index.saturating_mul(batch);
                let rows = text.whole_from(&self.tokenizer, first, batch);
                Batch::from_rows(rows, self.context)
            }
        }
    }

    /// What to begin a sample with: `<|endoftext|>` where texts begin with it in training (stories,
    /// folders), otherwise the first token of the text.
    pub fn prompt(&self) -> Vec<u32> {
        match (&self.rows, self.tokenizer.end_of_text()) {
            (Rows::Stories(_), Some(end)) => vec![end],
            (Rows::Text(text), Some(end)) if text.several() => vec![end],
            (Rows::Text(text), _) => text.first().into_iter().collect(),
            (Rows::Stories(_), None) => Vec::new(),
        }
    }
}
