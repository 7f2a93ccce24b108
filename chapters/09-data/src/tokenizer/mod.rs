//! From text to token ids and back.
//!
//! Two kinds, one type. **BPE**: byte-level byte-pair encoding, trained from scratch. Its alphabet
//! is the 256 bytes, so it has a spelling for everything, valid text or not, and decoding gives
//! back exactly the bytes that were encoded. **Char**: every character of the text is a token, the
//! vocabulary of small experiments such as Tiny Shakespeare. It is made from the whole text, so
//! nothing is lost in training; a character it has never seen (in a prompt, say) is an error that
//! names it, not a silent `<unk>`.
//!
//! Both are saved as Hugging Face's `tokenizer.json`.

mod bytes;
mod encode;
mod file;
mod load;
mod save;
mod split;
mod stream;
mod train;

pub use stream::Decoder;

use crate::error::{DataError, Result};
use encode::Bpe;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// The token between two texts. Stories begin and end with it.
pub const END_OF_TEXT: &str = "<|endoftext|>";

/// Encode in parallel from this many bytes on.
const PARALLEL: usize = 1 << 17;

/// Which kind of tokenizer to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenizerKind {
    /// Byte-level byte-pair encoding.
    Bpe,
    /// One token per character.
    Char,
}

impl std::fmt::Display for TokenizerKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bpe => "bpe",
            Self::Char => "char",
        })
    }
}

#[derive(Clone, Debug)]
enum Model {
    Bpe(Box<Bpe>),
    Char(HashMap<char, u32>),
}

/// What making a tokenizer came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrainReport {
    /// The vocabulary size that was asked for.
    pub asked: usize,
    /// Tokens there are now.
    pub size: usize,
    /// The text had no pair left that stands in it twice: the vocabulary is smaller than asked.
    /// A model keeps the rows it was given; the spare ones are never used.
    pub ran_out_of_merges: bool,
}

/// A tokenizer: text to ids, ids to text.
#[derive(Clone, Debug)]
pub struct Tokenizer {
    model: Model,
    /// The bytes of each id; `None` where an id is unused.
    tokens: Vec<Option<Vec<u8>>>,
    /// Ids of control tokens, in order, with their names. They stand for no text.
    specials: Vec<(u32, String)>,
}

impl Tokenizer {
    /// Trains a byte-level BPE of at most `vocab_size` tokens: `<|endoftext|>`, the 256 bytes, and
    /// merges. No merge joins two texts.
    ///
    /// # Errors
    /// [`DataError::Vocabulary`] if `vocab_size` is below 257.
    pub fn train(texts: &[&[u8]], vocab_size: usize) -> Result<(Self, TrainReport)> {
        Self::train_with_progress(texts, vocab_size, &mut |_, _| {})
    }

    /// As [`train`](Self::train), calling `progress(merges so far, merges wanted)` now and then.
    ///
    /// # Errors
    /// As [`train`](Self::train).
    pub fn train_with_progress(
        texts: &[&[u8]],
        vocab_size: usize,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<(Self, TrainReport)> {
        const FIRST: u32 = 257;
        const BASE: usize = FIRST as usize;
        if vocab_size < BASE {
            let what = "<|endoftext|> and the 256 bytes";
            return Err(DataError::Vocabulary { asked: vocab_size, needed: BASE, what });
        }
        let mut ids = [0; 256];
        let mut tokens = vec![Some(END_OF_TEXT.as_bytes().to_vec())];
        for (byte, id) in bytes::alphabet().into_iter().zip(1..) {
            if let Some(place) = ids.get_mut(usize::from(byte)) {
                *place = id;
            }
            tokens.push(Some(vec![byte]));
        }
        let learned = train::learn(texts, &ids, FIRST, vocab_size - BASE, progress);
        tokens.extend(learned.added.into_iter().map(Some));
        let report = TrainReport {
            asked: vocab_size,
            size: tokens.len(),
            ran_out_of_merges: learned.exhausted,
        };
        let specials = vec![(0, END_OF_TEXT.to_owned())];
        Ok((Self::bpe(ids, learned.merges, tokens, specials, false), report))
    }

    fn bpe(
        bytes: [u32; 256],
        merges: Vec<(u32, u32, u32)>,
        tokens: Vec<Option<Vec<u8>>>,
        specials: Vec<(u32, String)>,
        trust: bool,
    ) -> Self {
        let spelled = tokens.iter().zip(0..=u32::MAX).filter_map(|(bytes, id)| {
            Some((bytes.clone().filter(|_| special(&specials, id).is_none())?, id))
        });
        let bpe = Bpe::new(bytes, merges, spelled, trust);
        Self { model: Model::Bpe(Box::new(bpe)), tokens, specials }
    }

    /// A tokenizer with one token for each different character of `texts`, in the order of their
    /// code points, after `<|endoftext|>`.
    pub fn characters(texts: &[&str]) -> Self {
        let alphabet: BTreeSet<char> = texts.iter().flat_map(|text| text.chars()).collect();
        let spell = |c: char| Some(c.to_string().into_bytes());
        let mut tokens = vec![Some(END_OF_TEXT.as_bytes().to_vec())];
        tokens.extend(alphabet.iter().map(|&c| spell(c)));
        let ids = alphabet.into_iter().zip(1..).collect();
        Self { model: Model::Char(ids), tokens, specials: vec![(0, END_OF_TEXT.to_owned())] }
    }

    /// BPE or char.
    pub fn kind(&self) -> TokenizerKind {
        match self.model {
            Model::Bpe(_) => TokenizerKind::Bpe,
            Model::Char(_) => TokenizerKind::Char,
        }
    }

    /// One more than the largest id: the rows a model needs at least.
    pub fn vocab_size(&self) -> usize {
        self.tokens.len()
    }

    /// The id of `<|endoftext|>`, if there is one.
    pub fn end_of_text(&self) -> Option<u32> {
        self.specials.iter().find(|(_, name)| name == END_OF_TEXT).map(|(id, _)| *id)
    }

    /// Is this id a control token, which stands for no text?
    pub fn is_special(&self, id: u32) -> bool {
        special(&self.specials, id).is_some()
    }

    /// The ids of a text, never a control token: text cannot steer the model from inside.
    ///
    /// Long texts are encoded in parallel; the ids do not depend on that.
    ///
    /// # Errors
    /// A `char` tokenizer fails with [`DataError::UnknownCharacter`] (or
    /// [`DataError::UnknownByte`] if the text is not UTF-8); a BPE that we trained never fails,
    /// one that was loaded with
    /// [`DataError::UnknownByte`] if its vocabulary lacks a byte.
    pub fn encode(&self, text: &[u8]) -> Result<Vec<u32>> {
        match &self.model {
            Model::Char(ids) => encode_characters(ids, text),
            Model::Bpe(bpe) if text.len() < PARALLEL => encode_bytes(bpe, text, 0),
            Model::Bpe(bpe) => {
                let mut start = 0;
                let pieces: Vec<(usize, &[u8])> = split::pieces(text, PARALLEL / 2)
                    .into_iter()
                    .map(|piece| {
                        start += piece.len();
                        (start - piece.len(), piece)
                    })
                    .collect();
                let parts: Vec<Vec<u32>> = pieces
                    .into_par_iter()
                    .map(|(start, piece)| encode_bytes(bpe, piece, start))
                    .collect::<Result<_>>()?;
                Ok(parts.concat())
            }
        }
    }

    /// The bytes that `ids` stand for. Control tokens and ids without a token (the spare rows of
    /// a model whose vocabulary ran out of merges) stand for none.
    pub fn decode(&self, ids: &[u32]) -> Vec<u8> {
        ids.iter().flat_map(|&id| self.bytes_of(id)).copied().collect()
    }

    /// The bytes of one token; empty for control tokens and ids without a token. They need not
    /// be UTF-8 on their own.
    pub fn bytes_of(&self, id: u32) -> &[u8] {
        if self.is_special(id) {
            return &[];
        }
        self.tokens.get(id as usize).and_then(Option::as_deref).unwrap_or(&[])
    }

    /// How to show one token to a reader: its text with a blank as `·` and what cannot be shown
    /// escaped, the name of a control token, `<unused>` for an id without a token.
    pub fn show(&self, id: u32) -> String {
        if let Some(name) = special(&self.specials, id) {
            return name.chars().map(visible).collect();
        }
        let Some(Some(bytes)) = self.tokens.get(id as usize) else {
            return "<unused>".to_owned();
        };
        match std::str::from_utf8(bytes) {
            Ok(text) => text.chars().map(visible).collect(),
            Err(_) => bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect(),
        }
    }

    /// The merges in the order in which they were learned: what stood left, what stood right,
    /// and the id they became. Empty for a `char` tokenizer.
    pub fn merges(&self) -> Vec<Merge> {
        let Model::Bpe(bpe) = &self.model else { return Vec::new() };
        let merge = |&(left, right, id): &(u32, u32, u32)| Merge { left, right, id };
        bpe.merges.iter().map(merge).collect()
    }
}

/// The name of a control token; they are in the order of their ids.
fn special(specials: &[(u32, String)], id: u32) -> Option<&str> {
    let at = specials.binary_search_by_key(&id, |(special, _)| *special).ok()?;
    specials.get(at).map(|(_, name)| name.as_str())
}

/// One learned merge: two neighbors became one token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The id that stood left.
    pub left: u32,
    /// The id that stood right.
    pub right: u32,
    /// The id they became.
    pub id: u32,
}

/// A character as a reader should see it: nothing that a terminal would obey.
fn visible(character: char) -> String {
    match character {
        ' ' => "·".to_owned(),
        '\'' | '"' => character.to_string(),
        other => other.escape_debug().to_string(),
    }
}

fn encode_bytes(bpe: &Bpe, text: &[u8], start: usize) -> Result<Vec<u32>> {
    let mut ids = Vec::with_capacity(text.len() / 3);
    match bpe.encode(text, &mut ids) {
        Ok(()) => Ok(ids),
        Err(unknown) => Err(DataError::UnknownByte { byte: unknown.byte, at: start + unknown.at }),
    }
}

fn encode_characters(ids: &HashMap<char, u32>, text: &[u8]) -> Result<Vec<u32>> {
    let text = std::str::from_utf8(text).map_err(|error| {
        let at = error.valid_up_to();
        // There is a byte there: what is no text begins with it.
        DataError::UnknownByte { byte: text.get(at).copied().unwrap_or_default(), at }
    })?;
    let id = |(at, character): (usize, char)| match ids.get(&character) {
        Some(&id) => Ok(id),
        None => Err(DataError::UnknownCharacter { character, at }),
    };
    text.char_indices().map(id).collect()
}
