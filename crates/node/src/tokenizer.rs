//! Tokenizers.
use crate::events::Listener;
use crate::guard::guard;
use crate::job::{Job, errand, job};
use crate::lent::Lent;
use crate::numbers::whole;
use napi::bindgen_prelude::{AsyncTask, Function, Uint8Array, Uint32Array, Unknown};
use napi_derive::napi;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use strata_ml::data::{Tokenizer, TokenizerKind};

/// A tokenizer.
#[napi]
pub struct NativeTokenizer {
    pub(crate) tokenizer: Arc<Tokenizer>,
}

impl From<Tokenizer> for NativeTokenizer {
    fn from(tokenizer: Tokenizer) -> Self {
        NativeTokenizer { tokenizer: Arc::new(tokenizer) }
    }
}

/// Learns merges from texts; `on` hears `{ done, total }` now and then.
#[napi(ts_return_type = "Promise<NativeTokenizer>")]
pub fn train_tokenizer(
    texts: Vec<String>,
    vocab_size: f64,
    on: Function<String, Unknown<'static>>,
) -> napi::Result<AsyncTask<Job<Tokenizer, NativeTokenizer>>> {
    let on = Listener::new(&on)?;
    guard(|| {
        let size = whole("Tokenizer.train", "vocabSize", vocab_size)?;
        let work = move || {
            let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
            let mut tell = |done, total| {
                let _ = on.tell(&json!({"done": done, "total": total}));
            };
            Ok(Tokenizer::train_with_progress(&texts, size, &mut tell)?.0)
        };
        Ok(job(work, |tokenizer| Ok(tokenizer.into())))
    })
}

/// One token a character.
#[napi]
pub fn char_tokenizer(texts: Vec<String>) -> napi::Result<NativeTokenizer> {
    guard(|| {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        Ok(Tokenizer::characters(&texts).into())
    })
}

/// From a `tokenizer.json`.
#[napi(ts_return_type = "Promise<NativeTokenizer>")]
pub fn load_tokenizer(path: String) -> napi::Result<AsyncTask<Job<Tokenizer, NativeTokenizer>>> {
    guard(|| {
        let path = PathBuf::from(path);
        Ok(job(move || Ok(Tokenizer::load(&path)?), |tokenizer| Ok(tokenizer.into())))
    })
}

#[napi]
impl NativeTokenizer {
    /// `bpe` or `char`.
    #[napi]
    pub fn kind(&self) -> napi::Result<&'static str> {
        guard(|| {
            Ok(match self.tokenizer.kind() {
                TokenizerKind::Bpe => "bpe",
                TokenizerKind::Char => "char",
            })
        })
    }

    /// One more than the largest id.
    #[napi]
    pub fn vocab_size(&self) -> napi::Result<f64> {
        guard(|| Ok(self.tokenizer.vocab_size() as f64))
    }

    /// The id of `<|endoftext|>`, or -1.
    #[napi]
    pub fn end_of_text(&self) -> napi::Result<f64> {
        guard(|| Ok(self.tokenizer.end_of_text().map_or(-1.0, f64::from)))
    }

    /// The ids of a text.
    #[napi]
    pub fn encode(&self, text: String) -> napi::Result<Uint32Array> {
        guard(|| Ok(self.tokenizer.encode(text.as_bytes())?.into()))
    }

    /// The text of ids; what is no UTF-8 becomes U+FFFD.
    #[napi]
    pub fn decode(&self, ids: Lent<u32>) -> napi::Result<String> {
        guard(|| Ok(String::from_utf8_lossy(&self.tokenizer.decode(&ids.get()?)).into_owned()))
    }

    /// One token as a reader should see it.
    #[napi]
    pub fn show(&self, id: u32) -> napi::Result<String> {
        guard(|| Ok(self.tokenizer.show(id)))
    }

    /// The bytes of one token.
    #[napi]
    pub fn bytes(&self, id: u32) -> napi::Result<Uint8Array> {
        guard(|| Ok(self.tokenizer.bytes_of(id).to_vec().into()))
    }

    /// Triples left, right, id.
    #[napi]
    pub fn merges(&self) -> napi::Result<Uint32Array> {
        guard(|| {
            let merges = self.tokenizer.merges().into_iter();
            Ok(merges.flat_map(|m| [m.left, m.right, m.id]).collect::<Vec<u32>>().into())
        })
    }

    /// As a `tokenizer.json`.
    #[napi]
    pub fn json(&self) -> napi::Result<String> {
        guard(|| Ok(self.tokenizer.to_json()))
    }

    /// Writes a `tokenizer.json`.
    #[napi(ts_return_type = "Promise<void>")]
    pub fn save(&self, path: String) -> AsyncTask<Job<(), ()>> {
        let tokenizer = self.tokenizer.clone();
        errand(move || Ok(tokenizer.save(&PathBuf::from(path))?))
    }
}
