//! `tokenizer.json`, the file format of Hugging Face's `tokenizers`.
//!
//! What is written: for BPE the model `BPE` with the pre-tokenizer and decoder `ByteLevel`, as
//! GPT-2 has it; for char the model `WordLevel` behind a `Split` into single characters. What is
//! read: the same, with merges as `"a b"` or as `["a", "b"]`. A file that asks for anything that
//! would give other ids (a normalizer, a prefix space, another splitting rule) is refused by
//! name; quietly wrong ids would be worse than none.

use super::{Model, Tokenizer, bytes};
use crate::error::{DataError, Result};
use crate::files::write_atomically;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::path::Path;

/// Ids beyond this are a mistake in the file: they would only cost memory.
const LARGEST_ID: u64 = 1 << 24;

/// The vocabulary, written in the order of its ids.
struct Vocabulary(Vec<(String, u32)>);

impl Serialize for Vocabulary {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (token, id) in &self.0 {
            map.serialize_entry(token, id)?;
        }
        map.end()
    }
}

#[derive(serde::Serialize)]
struct File {
    version: &'static str,
    truncation: Value,
    padding: Value,
    added_tokens: Vec<Value>,
    normalizer: Value,
    pre_tokenizer: Value,
    post_processor: Value,
    decoder: Value,
    model: FileModel,
}

#[derive(serde::Serialize)]
#[serde(tag = "type")]
enum FileModel {
    #[serde(rename = "BPE")]
    Bpe {
        dropout: Value,
        unk_token: Value,
        continuing_subword_prefix: Value,
        end_of_word_suffix: Value,
        fuse_unk: bool,
        byte_fallback: bool,
        vocab: Vocabulary,
        merges: Vec<String>,
    },
    WordLevel {
        vocab: Vocabulary,
        unk_token: &'static str,
    },
}

impl Tokenizer {
    /// This tokenizer as the text of a `tokenizer.json`.
    pub fn to_json(&self) -> String {
        let file = match &self.model {
            Model::Bpe(bpe) => {
                let shown = |id: u32| bytes::to_visible(self.bytes_of(id));
                let merges = bpe.merges.iter();
                self.file(
                    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true }),
                    json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true }),
                    FileModel::Bpe {
                        dropout: Value::Null,
                        unk_token: Value::Null,
                        continuing_subword_prefix: Value::Null,
                        end_of_word_suffix: Value::Null,
                        fuse_unk: false,
                        byte_fallback: false,
                        vocab: self.vocabulary(bytes::to_visible),
                        merges: merges.map(|m| format!("{} {}", shown(m.0), shown(m.1))).collect(),
                    },
                )
            }
            Model::Char(_) => self.file(
                json!({ "type": "Split", "pattern": { "Regex": "[\\s\\S]" }, "behavior": "Isolated", "invert": false }),
                json!({ "type": "Fuse" }),
                FileModel::WordLevel {
                    vocab: self.vocabulary(|bytes| String::from_utf8_lossy(bytes).into_owned()),
                    // Named, as the format wants it, but not in the vocabulary: unknown is an error.
                    unk_token: "<unk>",
                },
            ),
        };
        // Strings, numbers and null: there is nothing in it that JSON cannot express.
        serde_json::to_string_pretty(&file).unwrap_or_default()
    }

    fn vocabulary(&self, show: impl Fn(&[u8]) -> String) -> Vocabulary {
        let name = |(id, token): (usize, &Option<Vec<u8>>)| {
            let id = id as u32;
            let special = self.specials.iter().find(|(special, _)| *special == id);
            Some((special.map_or_else(|| token.as_deref().map(&show), |s| Some(s.1.clone()))?, id))
        };
        Vocabulary(self.tokens.iter().enumerate().filter_map(name).collect())
    }

    fn file(&self, pre_tokenizer: Value, decoder: Value, model: FileModel) -> File {
        let added = |(id, content): &(u32, String)| {
            json!({
                "id": id, "content": content, "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true
            })
        };
        File {
            version: "1.0",
            truncation: Value::Null,
            padding: Value::Null,
            added_tokens: self.specials.iter().map(added).collect(),
            normalizer: Value::Null,
            pre_tokenizer,
            post_processor: Value::Null,
            decoder,
            model,
        }
    }

    /// Writes `tokenizer.json`, whole or not at all.
    ///
    /// # Errors
    /// [`DataError::Io`] if it cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, self.to_json().as_bytes())
    }

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
            return Err(format!("the added token {content:?} is ordinary text, which is not supported"));
        }
        specials.push((token_id(&token["id"])?, content.to_owned()));
    }
    specials.sort();
    Ok(specials)
}

fn vocabulary(vocab: &Map<String, Value>) -> Parsed<HashMap<String, u32>> {
    let ids: HashMap<String, u32> =
        vocab.iter().map(|(token, id)| Ok((token.clone(), token_id(id)?))).collect::<Parsed<_>>()?;
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
    if kind(before) != "ByteLevel" || before["add_prefix_space"].as_bool() == Some(true) || !splits {
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
        return Err("a WordLevel model that does not split into single characters is not supported"
            .to_owned());
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
