//! Rows of any text: windows of `context` tokens, each predicting the next.
//!
//! The last tenth of the text, by position, is kept for validation. A tokenizer learns from the
//! rest only (a char tokenizer takes its alphabet from all of it, or it would know less than the
//! text).

use super::{IGNORE, Progress, Row, Stage, TokenizerChoice};
use crate::error::{DataError, Result};
use crate::files::Document;
use crate::random::Stream;
use crate::tokenizer::{Tokenizer, TokenizerKind};
use std::path::{Path, PathBuf};

/// Keeps the windows' random numbers apart from other uses of a seed.
const TAG: u32 = 0x7e87;

/// The documents before the cut and those after it; one of them may be cut in two.
pub(crate) struct Split {
    train: Vec<Part>,
    validation: Vec<Part>,
    several: bool,
}

/// A document, or what is before or after the cut.
struct Part {
    text: String,
    path: PathBuf,
    /// Where in the document it begins, in bytes.
    start: usize,
}

impl Split {
    /// The first nine tenths of the bytes are for training.
    pub fn new(documents: Vec<Document>) -> Self {
        let several = documents.len() > 1;
        let total: usize = documents.iter().map(|d| d.text.len()).sum();
        let mut left = total - total.div_ceil(10);
        let (mut train, mut validation) = (Vec::new(), Vec::new());
        for Document { path, text: mut document } in documents {
            let mut cut = left.min(document.len());
            while !document.is_char_boundary(cut) {
                cut -= 1;
            }
            left -= left.min(document.len());
            let after = document.split_off(cut);
            let part = |text: String, start| Part { text, path: path.clone(), start };
            train.extend(Some(document).filter(|text| !text.is_empty()).map(|text| part(text, 0)));
            validation.extend(Some(after).filter(|text| !text.is_empty()).map(|t| part(t, cut)));
        }
        Self { train, validation, several }
    }
}

/// The tokenizer for a text.
pub(crate) fn tokenizer(
    choice: TokenizerChoice,
    texts: &Split,
    vocab_size: usize,
    notes: &mut Vec<String>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Tokenizer> {
    match choice {
        TokenizerChoice::Use(tokenizer) => Ok(tokenizer),
        TokenizerChoice::Train(TokenizerKind::Char) => {
            let all = texts.train.iter().chain(&texts.validation);
            Ok(Tokenizer::characters(&all.map(|part| part.text.as_str()).collect::<Vec<_>>()))
        }
        TokenizerChoice::Train(TokenizerKind::Bpe) => {
            let bytes: Vec<&[u8]> = texts.train.iter().map(|p| p.text.as_bytes()).collect();
            let (tokenizer, report) =
                Tokenizer::train_with_progress(&bytes, vocab_size, &mut |done, total| {
                    progress(Progress { stage: Stage::Tokenizer, done, total });
                })?;
            if report.ran_out_of_merges {
                notes.push(format!(
                    "The text ran out of merges: {} of {} tokens are used, because no pair is left \
                     that stands in it twice. The model keeps its {} rows.",
                    report.size, report.asked, report.asked
                ));
            }
            Ok(tokenizer)
        }
    }
}

/// Names the file, and the place in all of it.
fn misspelled(part: &Part, error: DataError) -> DataError {
    let source = match error {
        DataError::UnknownCharacter { character, at } => {
            DataError::UnknownCharacter { character, at: part.start + at }
        }
        DataError::UnknownByte { byte, at } => DataError::UnknownByte { byte, at: part.start + at },
        other => other,
    };
    DataError::In { path: part.path.clone(), source: Box::new(source) }
}

/// The tokens of one part.
pub(crate) struct Tokens {
    pub ids: Vec<u32>,
}

pub(crate) struct Text {
    pub train: Tokens,
    validation: Tokens,
    /// Bytes of each id, for bits per byte.
    lengths: Vec<usize>,
    context: usize,
    seed: u64,
    /// There were several files, with `<|endoftext|>` before each.
    pub several: bool,
}

impl Text {
    pub fn new(
        path: &Path,
        texts: &Split,
        tokenizer: &Tokenizer,
        context: usize,
        seed: u64,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let all: usize = texts.train.iter().chain(&texts.validation).map(|p| p.text.len()).sum();
        let mut done = 0;
        let mut encode = |parts: &[Part]| -> Result<Tokens> {
            let mut ids = Vec::new();
            for part in parts {
                ids.extend(tokenizer.end_of_text().filter(|_| texts.several));
                let found = tokenizer.encode(part.text.as_bytes());
                ids.extend(found.map_err(|error| misspelled(part, error))?);
                done += part.text.len();
                progress(Progress { stage: Stage::Encoding, done, total: all });
            }
            Ok(Tokens { ids })
        };
        let train = encode(&texts.train)?;
        let validation = encode(&texts.validation)?;
        for (part, tokens, needed) in
            [("training", &train, context + 1), ("validation", &validation, 2)]
        {
            if tokens.ids.len() < needed {
                let (path, tokens) = (path.to_owned(), tokens.ids.len());
                return Err(DataError::TooShort { path, part, tokens, context, needed });
            }
        }
        let ids = (0..=u32::MAX).take(tokenizer.vocab_size());
        let lengths = ids.map(|id| tokenizer.bytes_of(id).len());
        Ok(Self {
            train,
            validation,
            lengths: lengths.collect(),
            context,
            seed,
            several: texts.several,
        })
    }

    /// Windows that begin anywhere, each place as likely as any other.
    pub fn train(&self, step: u64, batch: usize) -> Vec<Row> {
        let mut stream = Stream::new(self.seed, step, TAG);
        let places = self.train.ids.len() - self.context;
        (0..batch).map(|_| self.row(&self.train, stream.below_usize(places))).collect()
    }

    pub fn validation_rows(&self) -> usize {
        (self.validation.ids.len() - 1).div_ceil(self.context)
    }

    fn train_rows(&self) -> usize {
        (self.train.ids.len() - 1).div_ceil(self.context)
    }

    pub fn whole_rows(&self) -> usize {
        self.train_rows() + self.validation_rows()
    }

    /// Rows of the training part, then those of the validation part.
    pub fn whole(&self, first: usize, batch: usize) -> Vec<Row> {
        let before = self.train_rows();
        let row = |row: usize| match row.checked_sub(before) {
            None => self.row(&self.train, row * self.context),
            Some(row) => self.row(&self.validation, row.saturating_mul(self.context)),
        };
        (0..batch).map(|i| row(first.saturating_add(i))).collect()
    }

    pub fn validation(&self, first: usize, batch: usize) -> Vec<Row> {
        let start = |row: usize| first.saturating_add(row).saturating_mul(self.context);
        (0..batch).map(|row| self.row(&self.validation, start(row))).collect()
    }

    /// The window from `start` on; what lies beyond the end is padding.
    fn row(&self, tokens: &Tokens, start: usize) -> Row {
        let ids = tokens.ids.get(start..).unwrap_or(&[]);
        let scored = ids.len().saturating_sub(1).min(self.context);
        let mut inputs: Vec<u32> = ids.iter().take(scored).copied().collect();
        let mut targets: Vec<u32> = ids.iter().skip(1).take(scored).copied().collect();
        let bytes = targets.iter().filter_map(|&id| self.lengths.get(id as usize)).sum();
        inputs.resize(self.context, 0);
        targets.resize(self.context, IGNORE);
        Row { inputs, targets, scored, bytes, floor_nats: None }
    }
}
