//! Tokenizers.
use crate::engine::data::{self, TokenizerKind};
use crate::numbers::whole;
use crate::{Elements, Job, Listen, Result};
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

exports! { ($) text_functions
    now {
        char_tokenizer: (texts: Texts) -> Tokenizer;
        story: (seed: f64, index: f64, held_out: bool) -> String;
        story_entropy: () -> f64;
        story_log_prob: (text: String) -> f64;
    }
    later {
        train_tokenizer: (texts: Texts, vocab_size: f64, on: Listener) -> Tokenizer;
        load_tokenizer: (path: String) -> Tokenizer;
    }
}

exports! { ($) tokenizer_class
    class Tokenizer as NativeTokenizer
    now {
        kind: () -> String;
        vocab_size: () -> f64;
        end_of_text: () -> f64;
        encode: (text: String) -> Uint32Array;
        decode: (ids: LentIds) -> String;
        show: (id: u32) -> String;
        bytes: (id: u32) -> Uint8Array;
        merges: () -> Uint32Array;
        json: () -> String;
    }
    later { save: (path: String) -> Unit; }
}

/// A tokenizer.
#[derive(Clone)]
pub struct Tokenizer(pub(crate) Arc<data::Tokenizer>);

impl From<data::Tokenizer> for Tokenizer {
    fn from(tokenizer: data::Tokenizer) -> Self {
        Tokenizer(Arc::new(tokenizer))
    }
}

/// Learns merges from texts; `on` hears `{ done, total }` now and then.
pub fn train_tokenizer(
    texts: Vec<String>,
    vocab_size: f64,
    on: impl Listen,
) -> Result<Job<Tokenizer>> {
    let size = whole("Tokenizer.train", "vocabSize", vocab_size)?;
    Ok(Job::of(async move || {
        let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let mut tell = |done, total| {
            let _ = on.tell(&json!({"done": done, "total": total}));
        };
        Ok(data::Tokenizer::train_with_progress(&texts, size, &mut tell)?.0.into())
    }))
}

/// One token a character.
pub fn char_tokenizer(texts: Vec<String>) -> Result<Tokenizer> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    Ok(data::Tokenizer::characters(&texts).into())
}

/// From a `tokenizer.json`.
pub fn load_tokenizer(path: String) -> Result<Job<Tokenizer>> {
    Ok(Job::of(async move || Ok(data::Tokenizer::load(&PathBuf::from(path))?.into())))
}

impl Tokenizer {
    /// `bpe` or `char`.
    pub fn kind(&self) -> Result<String> {
        Ok(match self.0.kind() {
            TokenizerKind::Bpe => "bpe".into(),
            TokenizerKind::Char => "char".into(),
        })
    }

    /// One more than the largest id.
    pub fn vocab_size(&self) -> Result<f64> {
        Ok(self.0.vocab_size() as f64)
    }

    /// The id of `<|endoftext|>`, or -1.
    pub fn end_of_text(&self) -> Result<f64> {
        Ok(self.0.end_of_text().map_or(-1.0, f64::from))
    }

    /// The ids of a text.
    pub fn encode(&self, text: String) -> Result<Vec<u32>> {
        Ok(self.0.encode(text.as_bytes())?)
    }

    /// The text of ids; what is no UTF-8 becomes U+FFFD.
    pub fn decode(&self, ids: impl Elements<u32>) -> Result<String> {
        Ok(String::from_utf8_lossy(&self.0.decode(&ids.get()?)).into_owned())
    }

    /// One token as a reader should see it.
    pub fn show(&self, id: u32) -> Result<String> {
        Ok(self.0.show(id))
    }

    /// The bytes of one token.
    pub fn bytes(&self, id: u32) -> Result<Vec<u8>> {
        Ok(self.0.bytes_of(id).to_vec())
    }

    /// Triples left, right, id.
    pub fn merges(&self) -> Result<Vec<u32>> {
        Ok(self.0.merges().into_iter().flat_map(|m| [m.left, m.right, m.id]).collect())
    }

    /// As a `tokenizer.json`.
    pub fn json(&self) -> Result<String> {
        Ok(self.0.to_json())
    }

    /// Writes a `tokenizer.json`.
    pub fn save(&self, path: String) -> Result<Job<()>> {
        let tokenizer = self.0.clone();
        Ok(Job::of(async move || Ok(tokenizer.save(&PathBuf::from(path))?)))
    }
}
