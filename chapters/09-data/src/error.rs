//! What can go wrong between a path and a batch; every message says what to do about it.

use std::path::{Path, PathBuf};
use strata_files::Kind;

/// The result of everything in this chapter that can fail.
pub type Result<T> = std::result::Result<T, DataError>;

/// An error of this chapter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nothing at the path.
    #[error("{}: no such file or folder", path.display())]
    Missing {
        /// The path that was asked for.
        path: PathBuf,
    },
    /// A file or folder could not be read or written.
    #[error("could not {action} {}: {source}", path.display())]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file could not be written, or another one that is no text could not be read.
    #[error(transparent)]
    File(strata_files::Error),
    /// A text was expected, and the path leads to something that is no plain file.
    #[error("{} is {kind}, which may never end; a text is a plain UTF-8 text file, or a folder of them", path.display())]
    Special {
        /// Where.
        path: PathBuf,
        /// What is there.
        kind: Kind,
    },
    /// More text than this computer can work on.
    #[error("{}: the text has {}; {}at most {} of text are read here: name a smaller file or folder", path.display(), shown(*size), has(*memory), shown(*most))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        size: u64,
        /// The bytes that are read.
        most: u64,
        /// The computer's memory, if known.
        memory: Option<u64>,
    },
    /// A folder with more text than this computer can work on.
    #[error("with {} the folder has more than {} of text; {}that is the most that is read here: name a smaller file or folder", path.display(), shown(*most), has(*memory))]
    TooMuchText {
        /// The file with which it was too much.
        path: PathBuf,
        /// Bytes that were read.
        size: u64,
        /// The bytes that may be.
        most: u64,
        /// The computer's memory, if known.
        memory: Option<u64>,
    },
    /// A folder that was hardly meant.
    #[error("{}: there are more than {most} files and folders in it; name a smaller folder, or put the text into fewer files", path.display())]
    TooManyFiles {
        /// The folder.
        path: PathBuf,
        /// Entries that are looked at.
        most: usize,
    },
    /// The text has no bytes.
    #[error("{}: the text is empty; there is nothing to learn from it or to score", path.display())]
    Empty {
        /// The file or folder.
        path: PathBuf,
    },
    /// The file is not UTF-8 text.
    #[error("{}: not UTF-8 text (byte {at} is {byte:#04x}); convert it first, e.g. `iconv -f latin1 -t utf-8`, or name another file", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// Offset of the first byte that no text has.
        at: usize,
        /// That byte.
        byte: u8,
    },
    /// A folder without a single text file.
    #[error("{}: no UTF-8 text file in this folder or below it ({skipped} other files were passed over)", path.display())]
    NoText {
        /// The folder.
        path: PathBuf,
        /// Binary or empty files that were passed over.
        skipped: usize,
    },
    /// The whole text is one character, over and over.
    #[error("{}: the text is only {character:?}, {count} times; a model needs at least two different characters", path.display())]
    OneCharacter {
        /// The file or folder.
        path: PathBuf,
        /// The only character there is.
        character: char,
        /// How often it stands there.
        count: usize,
    },
    /// A part of the text is shorter than one window.
    #[error("{}: the {part} part has {tokens} tokens, but one window of context {context} needs {needed}; use a longer text or a smaller context", path.display())]
    TooShort {
        /// The file or folder.
        path: PathBuf,
        /// `training` or `validation`.
        part: &'static str,
        /// Tokens there are.
        tokens: usize,
        /// Tokens in a window.
        context: usize,
        /// Tokens there should be.
        needed: usize,
    },
    /// A text of which no token can be scored.
    #[error("{}: the text has {tokens} tokens, and the first is only read: a score needs 2 at least; use a longer text", path.display())]
    NothingToScore {
        /// The file or folder.
        path: PathBuf,
        /// Tokens there are.
        tokens: usize,
    },
    /// The context is zero or absurd.
    #[error("a context of {context} tokens does not work; it must be from 1 to {largest}")]
    Context {
        /// The context asked for.
        context: usize,
        /// The largest that is accepted.
        largest: usize,
    },
    /// The vocabulary cannot even hold the alphabet.
    #[error("a vocabulary of {asked} is too small: {needed} tokens are needed for {what}")]
    Vocabulary {
        /// The size asked for.
        asked: usize,
        /// The smallest size that works.
        needed: usize,
        /// What has to fit.
        what: &'static str,
    },
    /// A character the tokenizer has never seen.
    #[error(
        "the tokenizer has no token for {character:?} (byte {at} of the text); a `char` tokenizer knows only the characters of the text it was made from: remove it, or train a byte-level BPE, which knows every byte"
    )]
    UnknownCharacter {
        /// The character.
        character: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// A character of the embedded stories that the tokenizer has never seen.
    #[error(
        "the tokenizer has no token for {character:?}, which the stories need: it was made from another text: use that text, or train a tokenizer on the stories"
    )]
    StoryCharacter {
        /// The character.
        character: char,
    },
    /// What is wrong with one of several files.
    #[error("{}: {source}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<DataError>,
    },
    /// A byte the tokenizer cannot express.
    #[error(
        "the tokenizer has no token for byte {byte:#04x} (byte {at} of the text); train a byte-level BPE, which knows every byte, or use another text"
    )]
    UnknownByte {
        /// The byte.
        byte: u8,
        /// Its offset.
        at: usize,
    },
    /// The tokenizer lacks a token that is needed.
    #[error("this tokenizer has no {token} token, which {purpose}")]
    NoSpecial {
        /// The token.
        token: &'static str,
        /// Why it is needed.
        purpose: &'static str,
    },
    /// A `tokenizer.json` that is broken or of another kind.
    #[error("{file}: {message}")]
    TokenizerFile {
        /// The file's path, or `tokenizer.json` for text in memory.
        file: String,
        /// What is wrong.
        message: String,
    },
}

impl DataError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

impl From<strata_files::Error> for DataError {
    fn from(error: strata_files::Error) -> Self {
        match error {
            strata_files::Error::Io { action, path, source } => Self::Io { action, path, source },
            other => Self::File(other),
        }
    }
}

/// Why a text could not be read.
pub(crate) fn from_read(error: strata_files::Error, most: u64) -> DataError {
    use strata_files::Error;
    if error.is_not_found() {
        return match error {
            Error::Io { path, .. } => DataError::Missing { path },
            other => other.into(),
        };
    }
    match error {
        Error::Special { path, kind } => DataError::Special { path, kind },
        Error::TooLarge { path, size, .. } => {
            DataError::TooLarge { path, size, most, memory: strata_device::cpu::memory() }
        }
        other => other.into(),
    }
}

fn shown(bytes: u64) -> String {
    if bytes < 10_000 {
        return format!("{bytes} bytes");
    }
    let (mut value, mut unit) = (bytes as f64 / 1e3, "kB");
    for larger in ["MB", "GB", "TB"] {
        if value >= 999.5 {
            (value, unit) = (value / 1e3, larger);
        }
    }
    format!("{value:.1} {unit}")
}

fn has(memory: Option<u64>) -> String {
    memory.map_or_else(String::new, |bytes| format!("with {} of memory, ", shown(bytes)))
}

/// A piece of somebody else's file, short enough for a message, in quotes.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", truncated(text, 60))
}

/// What somebody else's library says of somebody else's file, short enough for a message.
pub(crate) fn clipped(text: &str) -> String {
    strata_files::printable(&truncated(text, 300)).into_owned()
}

fn truncated(text: &str, most: usize) -> String {
    let end = text.char_indices().nth(most).map(|(end, _)| end);
    match end.and_then(|end| text.get(..end)) {
        Some(short) => format!("{short}…"),
        None => text.to_owned(),
    }
}
