//! Rows of any text: windows of `context` tokens, each predicting the next.
//!
//! The last tenth of the text, by position, is kept for validation. A tokenizer learns from the
//! rest only (a char tokenizer takes its alphabet from all of it, or it would know less than the
//! text).

use super::{IGNORE, Part, Progress, Row, Stage, TokenizerChoice};
use crate::error::{DataError, Result};
use crate::files::Document;
use crate::random::Stream;
use crate::tokenizer::{Tokenizer, TokenizerKind};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::sync::OnceLock;

/// Keeps the windows' random numbers apart from other uses of a seed.
const TAG: u32 = 0x7e87;

/// What a text is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    Train,
    Score(Part),
}

/// Documents, and where in one of them the last tenth begins.
pub(crate) struct Split {
    documents: Vec<Document>,
    /// Bytes of each document that are for training: of all but one all or none.
    splits: Vec<usize>,
}

/// A document, or what is before or after the split.
struct Piece<'a> {
    text: &'a str,
    path: &'a Path,
    /// Where in the document it begins, in bytes.
    start: usize,
}

impl Split {
    /// The first nine tenths of the bytes are for training.
    pub fn new(documents: Vec<Document>) -> Self {
        let total: usize = documents.iter().map(|d| d.text.len()).sum();
        let mut left = total - total.div_ceil(10);
        let mut splits = Vec::with_capacity(documents.len());
        for Document { text, .. } in &documents {
            let mut split = left.min(text.len());
            while !text.is_char_boundary(split) {
                split -= 1;
            }
            left -= left.min(text.len());
            splits.push(split);
        }
        Self { documents, splits }
    }

    /// Is there more than one document?
    fn several(&self) -> bool {
        self.documents.len() > 1
    }

    /// Of each document what is before its split and what is after it.
    fn halves(&self) -> impl Iterator<Item = [Piece<'_>; 2]> {
        self.documents.iter().zip(&self.splits).map(|(Document { path, text }, &split)| {
            let (before, after) = text.split_at_checked(split).unwrap_or((text, ""));
            [(before, 0), (after, split)].map(|(text, start)| Piece { text, path, start })
        })
    }

    fn train(&self) -> Vec<Piece<'_>> {
        self.halves().map(|[before, _]| before).filter(|piece| !piece.text.is_empty()).collect()
    }

    fn validation(&self) -> Vec<Piece<'_>> {
        self.halves().map(|[_, after]| after).filter(|piece| !piece.text.is_empty()).collect()
    }

    fn whole(&self) -> Vec<Piece<'_>> {
        let all = self.documents.iter();
        all.map(|Document { path, text }| Piece { text, path, start: 0 }).collect()
    }

    /// SHA-256 of the documents, each with its length, in hexadecimal.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for Document { text, .. } in &self.documents {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
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
            let all = texts.documents.iter().map(|document| document.text.as_str());
            Ok(Tokenizer::characters(&all.collect::<Vec<_>>()))
        }
        TokenizerChoice::Train(TokenizerKind::Bpe) => {
            let bytes: Vec<&[u8]> = texts.train().iter().map(|p| p.text.as_bytes()).collect();
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
fn misspelled(piece: &Piece, error: DataError) -> DataError {
    let source = match error {
        DataError::UnknownCharacter { character, at } => {
            DataError::UnknownCharacter { character, at: piece.start + at }
        }
        DataError::UnknownByte { byte, at } => {
            DataError::UnknownByte { byte, at: piece.start + at }
        }
        other => other,
    };
    DataError::In { path: piece.path.to_owned(), source: Box::new(source) }
}

/// The tokens of pieces, with `<|endoftext|>` before each where there are several documents.
fn encode(
    pieces: &[Piece],
    several: bool,
    tokenizer: &Tokenizer,
    encoded: &mut dyn FnMut(usize),
) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    for piece in pieces {
        ids.extend(tokenizer.end_of_text().filter(|_| several));
        let found = tokenizer.encode(piece.text.as_bytes());
        ids.extend(found.map_err(|error| misspelled(piece, error))?);
        encoded(piece.text.len());
    }
    Ok(ids)
}

pub(crate) struct Text {
    /// Tokens of the part for training; none where the text is only scored.
    pub train: Vec<u32>,
    validation: Vec<u32>,
    texts: Split,
    /// Tokens of all of it, once they are asked for. At the split they are not those of the parts.
    whole: OnceLock<Vec<u32>>,
    /// Bytes of each id, for bits per byte.
    lengths: Vec<usize>,
    /// Tokens in a row.
    pub context: usize,
    seed: u64,
    /// Places where a window for training can begin; one, with nothing there, where none can.
    places: usize,
}

impl Text {
    pub fn new(
        path: &Path,
        texts: Split,
        tokenizer: &Tokenizer,
        context: usize,
        seed: u64,
        what: Use,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<Self> {
        let (train, validation, whole) = match what {
            Use::Train => (texts.train(), texts.validation(), Vec::new()),
            Use::Score(Part::HeldOut) => (Vec::new(), texts.validation(), Vec::new()),
            Use::Score(Part::Whole) => (Vec::new(), Vec::new(), texts.whole()),
        };
        let total = [&train, &validation, &whole].into_iter().flatten().map(|p| p.text.len()).sum();
        let mut done = 0;
        let mut encoded = |bytes: usize| {
            done += bytes;
            progress(Progress { stage: Stage::Encoding, done, total });
        };
        let mut ids = |pieces: &[Piece]| encode(pieces, texts.several(), tokenizer, &mut encoded);
        let (train, validation, whole) = (ids(&train)?, ids(&validation)?, ids(&whole)?);
        let short = |part, tokens, needed| {
            Err(DataError::TooShort { path: path.to_owned(), part, tokens, context, needed })
        };
        match what {
            Use::Train if train.len() <= context => {
                return short("training", train.len(), context + 1);
            }
            Use::Train | Use::Score(Part::HeldOut) if validation.len() < 2 => {
                return short("validation", validation.len(), 2);
            }
            Use::Score(Part::Whole) if whole.len() < 2 => {
                return Err(DataError::NothingToScore {
                    path: path.to_owned(),
                    tokens: whole.len(),
                });
            }
            _ => {}
        }
        let lengths = (0..=u32::MAX).take(tokenizer.vocab_size());
        let lengths = lengths.map(|id| tokenizer.bytes_of(id).len()).collect();
        // What is shorter than a window is scored in one of its own length.
        let context = match what {
            Use::Train => context,
            Use::Score(_) => context.min(whole.len().max(validation.len()) - 1),
        };
        let whole = match what {
            Use::Score(Part::Whole) => OnceLock::from(whole),
            _ => OnceLock::new(),
        };
        let places = train.len().saturating_sub(context).max(1);
        Ok(Self { train, validation, texts, whole, lengths, context, seed, places })
    }

    /// Were there several files, with `<|endoftext|>` before each?
    pub fn several(&self) -> bool {
        self.texts.several()
    }

    /// The first token that is known.
    pub fn first(&self) -> Option<u32> {
        let whole = self.whole.get().and_then(|ids| ids.first());
        self.train.first().or(whole).or(self.validation.first()).copied()
    }

    /// Windows that begin anywhere, each place as likely as any other.
    pub fn train(&self, step: u64, batch: usize) -> Vec<Row> {
        let mut stream = Stream::tagged(self.seed, step, TAG);
        (0..batch).map(|_| self.row(&self.train, stream.below_usize(self.places))).collect()
    }

    /// Windows of so many tokens side by side: the first token is read only.
    fn rows_in(&self, ids: &[u32]) -> usize {
        ids.len().saturating_sub(1).div_ceil(self.context)
    }

    pub fn validation_rows(&self) -> usize {
        self.rows_in(&self.validation)
    }

    fn ids(&self, tokenizer: &Tokenizer) -> &[u32] {
        self.whole.get_or_init(|| {
            let all = encode(&self.texts.whole(), self.several(), tokenizer, &mut |_| {});
            // A tokenizer that can spell the parts can spell them together.
            all.unwrap_or_else(|_| [self.train.as_slice(), &self.validation].concat())
        })
    }

    pub fn whole_rows(&self, tokenizer: &Tokenizer) -> usize {
        self.rows_in(self.ids(tokenizer))
    }

    pub fn whole_from(&self, tokenizer: &Tokenizer, first: usize, batch: usize) -> Vec<Row> {
        self.windows(self.ids(tokenizer), first, batch)
    }

    pub fn validation(&self, first: usize, batch: usize) -> Vec<Row> {
        self.windows(&self.validation, first, batch)
    }

    fn windows(&self, ids: &[u32], first: usize, batch: usize) -> Vec<Row> {
        let start = |row: usize| first.saturating_add(row).saturating_mul(self.context);
        (0..batch).map(|row| self.row(ids, start(row))).collect()
    }

    /// The window from `start` on; what lies beyond the end is padding.
    fn row(&self, ids: &[u32], start: usize) -> Row {
        let ids = ids.get(start..).unwrap_or(&[]);
        let scored = ids.len().saturating_sub(1).min(self.context);
        let mut inputs: Vec<u32> = ids.iter().take(scored).copied().collect();
        let mut targets: Vec<u32> = ids.iter().skip(1).take(scored).copied().collect();
        let bytes = targets.iter().filter_map(|&id| self.lengths.get(id as usize)).sum();
        inputs.resize(self.context, 0);
        targets.resize(self.context, IGNORE);
        Row { inputs, targets, scored, bytes, floor_nats: None }
    }
}
