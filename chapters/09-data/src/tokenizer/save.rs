//! Writing `tokenizer.json`, the file format of Hugging Face's `tokenizers`.
//!
//! A BPE becomes the model `BPE` with the pre-tokenizer and decoder `ByteLevel`, as GPT-2 has it;
//! characters become the model `WordLevel` behind a `Split` into single characters.

use super::{Model, Tokenizer, bytes};
use crate::error::Result;
use crate::files::write_atomically;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use std::path::Path;

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
        let name = |(id, token): (u32, &Option<Vec<u8>>)| {
            let special = super::special(&self.specials, id).map(str::to_owned);
            Some((special.or_else(|| token.as_deref().map(&show))?, id))
        };
        Vocabulary((0..=u32::MAX).zip(&self.tokens).filter_map(name).collect())
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
    /// [`DataError::Io`](crate::DataError::Io) or [`DataError::File`](crate::DataError::File) if it
    /// cannot be written.
    pub fn save(&self, path: &Path) -> Result<()> {
        write_atomically(path, self.to_json().as_bytes())
    }
}
