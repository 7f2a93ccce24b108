//! Opening `tokenizer.json`.
//!
//! What we write can be read, and so can GPT-2's own file and those that `tokenizers` saves after
//! training a byte-level BPE, with merges as `"a b"` or as `["a", "b"]`. A file that asks for
//! anything that would give other ids (a normalizer, a prefix space, another splitting rule) is
//! refused by name; quietly wrong ids would be worse than none.

use super::{Model, Tokenizer, bytes};
use crate::error::{DataError, Result};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::path::Path;

/// Ids beyond this are a mistake in the file: they would only cost memory.
const LARGEST_ID: u64 = 1 << 24;

impl Tokenizer {
    /// Opens a `tokenizer.json`: one that we saved, GPT-2's, or one that `tokenizers` trained
    /// with a byte-level BPE.
    ///
    /// # Errors
    /// [`DataError::Missing`], [`DataError::Io`], or [`DataError::TokenizerFile`] if the file is
    /// damaged or describes another kind of tokenizer.
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => DataError::Missing { path: path.to_owned() },
            _ => DataError::Io { action: "read", path: path.to_owned(), source },
        })?;
        let file = path.display().to_string();
        parse(&text).map_err(|message| DataError::TokenizerFile { file, message })
    }

    /// Reads the text of a `tokenizer.json`.
    ///
    /// # Errors
    /// [`DataError::TokenizerFile`] as for [`load`](Self::load).
    pub fn from_json(text: &str) -> Result<Self> {
        let file = "tokenizer.json".to_owned();
        parse(text).map_err(|message| DataError::TokenizerFile { file, message })
    }
}

type Parsed<T> = std::result::Result<T, String>;

fn parse(text: &str) -> Parsed<Tokenizer> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    if !file["normalizer"].is_null() {
        return Err(format!("the normalizer {} is not supported", kind(&file["normalizer"])));
    }
    let specials = added_tokens(&file["added_tokens"])?;
    let model = &file["model"];
    let vocab = vocabulary(model["vocab"].as_object().ok_or("it has no model.vocab")?)?;
    match kind(model).as_str() {
        // Files before version 0.9 do not name the type of a BPE model.
        "BPE" | "unknown" if model["merges"].is_array() => bpe(&file, vocab, specials),
        "WordLevel" => characters(&file, vocab, specials),
        other => Err(format!("the model {other} is not supported, only BPE and single characters")),
    }
}

fn kind(part: &Value) -> String {
    part["type"].as_str().unwrap_or("unknown").to_owned()
}

fn token_id(value: &Value) -> Parsed<u32> {
    match value.as_u64() {
        Some(id) if id <= LARGEST_ID => Ok(id as u32),
        _ => Err(format!("{value} is not a token id")),
    }
}

fn added_tokens(value: &Value) -> Parsed<Vec<(u32, String)>> {
    let mut specials = Vec::new();
    for token in value.as_array().map_or(&[][..], Vec::as_slice) {
        let content = token["content"].as_str().ok_or("an added token has no content")?;
        if token["special"].as_bool() == Some(false) {
            return Err(format!(
                "the added token {content:?} is ordinary text, which is not supported"
            ));
        }
        specials.push((token_id(&token["id"])?, content.to_owned()));
    }
    specials.sort();
    Ok(specials)
}

fn vocabulary(vocab: &Map<String, Value>) -> Parsed<HashMap<String, u32>> {
    let ids: HashMap<String, u32> = vocab
        .iter()
        .map(|(token, id)| Ok((token.clone(), token_id(id)?)))
        .collect::<Parsed<_>>()?;
    let mut seen = HashMap::new();
    for (token, id) in &ids {
        if let Some(other) = seen.insert(id, token) {
            return Err(format!("the tokens {token:?} and {other:?} share the id {id}"));
        }
    }
    Ok(ids)
}

/// The bytes of every id; specials are spelled by their names, though they stand for no text.
fn table(
    vocab: &HashMap<String, u32>,
    specials: &[(u32, String)],
    spell: impl Fn(&str) -> Parsed<Vec<u8>>,
) -> Parsed<Vec<Option<Vec<u8>>>> {
    let largest = vocab.values().chain(specials.iter().map(|(id, _)| id)).max();
    let mut tokens = vec![None; largest.map_or(0, |&id| id as usize + 1)];
    for (id, name) in specials {
        tokens[*id as usize] = Some(name.as_bytes().to_vec());
    }
    for (token, &id) in vocab {
        if !specials.iter().any(|(special, _)| *special == id) {
            tokens[id as usize] = Some(spell(token)?);
        }
    }
    Ok(tokens)
}

fn bpe(
    file: &Value,
    vocab: HashMap<String, u32>,
    specials: Vec<(u32, String)>,
) -> Parsed<Tokenizer> {
    let (before, model) = (&file["pre_tokenizer"], &file["model"]);
    let splits = before["use_regex"].as_bool() != Some(false);
    if kind(before) != "ByteLevel" || before["add_prefix_space"].as_bool() == Some(true) || !splits
    {
        return Err(format!(
            "the pre-tokenizer {} is not supported, only ByteLevel without a prefix space",
            kind(before)
        ));
    }
    for part in ["continuing_subword_prefix", "end_of_word_suffix"] {
        if model[part].as_str().is_some_and(|affix| !affix.is_empty()) {
            return Err(format!("{part} {} is not supported", model[part]));
        }
    }
    let tokens = table(&vocab, &specials, |token| {
        bytes::from_visible(token).ok_or_else(|| format!("the token {token:?} is not byte-level"))
    })?;
    let mut alphabet = [u32::MAX; 256];
    for byte in 0..=255u8 {
        if let Some(&id) = vocab.get(&bytes::to_visible(&[byte])) {
            alphabet[usize::from(byte)] = id;
        }
    }
    let find = |token: &str| match vocab.get(token) {
        Some(&id) => Ok(id),
        None => Err(format!("a merge names {token:?}, which is not in the vocabulary")),
    };
    let merges = model["merges"].as_array().map_or(&[][..], Vec::as_slice).iter().map(|merge| {
        let pair = match merge {
            Value::String(both) => both.split_once(' '),
            Value::Array(both) if both.len() == 2 => both[0].as_str().zip(both[1].as_str()),
            _ => None,
        };
        let (left, right) = pair.ok_or_else(|| format!("{merge} is not a merge"))?;
        Ok((find(left)?, find(right)?, find(&format!("{left}{right}"))?))
    });
    let merges = merges.collect::<Parsed<Vec<_>>>()?;
    let trust = model["ignore_merges"].as_bool() == Some(true);
    Ok(Tokenizer::bpe(alphabet, merges, tokens, specials, trust))
}

fn characters(
    file: &Value,
    vocab: HashMap<String, u32>,
    specials: Vec<(u32, String)>,
) -> Parsed<Tokenizer> {
    if kind(&file["pre_tokenizer"]) != "Split" {
        return Err(
            "a WordLevel model that does not split into single characters is not supported"
                .to_owned(),
        );
    }
    let tokens = table(&vocab, &specials, |token| Ok(token.as_bytes().to_vec()))?;
    let mut ids = HashMap::new();
    for (token, &id) in &vocab {
        let mut characters = token.chars();
        match (characters.next(), characters.next()) {
            _ if specials.iter().any(|(special, _)| *special == id) => {}
            (Some(character), None) => {
                ids.insert(character, id);
            }
            _ => return Err(format!("the token {token:?} is not a single character")),
        }
    }
    Ok(Tokenizer { model: Model::Char(ids), tokens, specials })
}
