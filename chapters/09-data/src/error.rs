//! What can go wrong between a path and a batch; every message says what to do about it.

use std::path::PathBuf;

/// The result of everything in this chapter that can fail.
pub type Result<T> = std::result::Result<T, DataError>;

/// An error of this chapter.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// There is nothing at the path.
    #[error("{}: no such file or folder; give --data a UTF-8 text file, a folder of them, `stories` or `book`", path.display())]
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
    /// The text has no bytes.
    #[error("{}: the text is empty; there is nothing to learn from it", path.display())]
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
    #[error("{}: the {part} part has {tokens} tokens, but one window of context {context} needs {needed}; use a longer text or a smaller --context", path.display())]
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
        "the tokenizer has no token for {character:?} (byte {at} of the text); a `char` tokenizer knows only the characters of the text it was made from: remove it, or use --tokenizer bpe, which knows every byte"
    )]
    UnknownCharacter {
        /// The character.
        character: char,
        /// Its offset in bytes.
        at: usize,
    },
    /// A byte the tokenizer cannot express.
    #[error("the tokenizer has no token for byte {byte:#04x} (byte {at} of the text)")]
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
