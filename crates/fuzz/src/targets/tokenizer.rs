//! `tokenizer.json`, and texts through it.

use super::{INSIDE, is_harmless, pack};
use crate::{Pack, Target, seeds, targets::tiny};
use strata_ml::data::{Tokenizer, TokenizerKind};

pub fn targets() -> Vec<Target> {
    vec![Target {
        name: "tokenizer",
        about: "a tokenizer.json, and a text that it encodes and decodes",
        run,
        seeds: good,
        mutate: pack,
        share: 4,
        ..INSIDE
    }]
}

const TEXT: &str = "Once upon a time, the cat's hat: 42 é 日本 😀\r\n\t<|endoftext|>\u{0}";

fn good() -> Vec<Vec<u8>> {
    let characters = Tokenizer::characters(&[TEXT]).to_json().into_bytes();
    let fixture = seeds::file("chapters/09-data/tests/fixtures/tokenizer.json");
    let ours = tiny().get("tokenizer.json").unwrap_or_default().to_vec();
    let with =
        |json: Vec<u8>| Pack::default().with("tokenizer.json", json).with("text", TEXT).bytes();
    [characters, fixture, ours].map(with).to_vec()
}

fn run(bytes: &[u8]) {
    let pack = Pack::parse(bytes);
    let (json, text) = (pack.text("tokenizer.json"), pack.get("text").unwrap_or_default());
    let tokenizer = match Tokenizer::from_json(&json) {
        Ok(tokenizer) => tokenizer,
        Err(error) => return is_harmless(&error.to_string()),
    };
    let size = tokenizer.vocab_size() as u32;
    for id in (0..size.min(300)).chain([size.saturating_sub(1), size, u32::MAX]) {
        is_harmless(&tokenizer.show(id));
        assert!(!tokenizer.is_special(id) || tokenizer.bytes_of(id).is_empty());
    }
    assert!(tokenizer.merges().iter().all(|m| m.left.max(m.right).max(m.id) < size));
    match tokenizer.encode(text) {
        Ok(ids) => {
            assert!(ids.iter().all(|&id| id < size), "an id beyond the vocabulary");
            let back = tokenizer.decode(&ids);
            // A file may spell bytes as it likes; a text of single characters comes back as it was.
            if tokenizer.kind() == TokenizerKind::Char {
                assert!(back == text, "the text does not come back");
            }
        }
        Err(error) => is_harmless(&error.to_string()),
    }
    // What we save, we read, and it encodes to the same ids.
    match Tokenizer::from_json(&tokenizer.to_json()) {
        Ok(again) => {
            let ids = |t: &Tokenizer| t.encode(text).ok();
            assert!(ids(&again) == ids(&tokenizer), "saved and read, it gives other ids");
        }
        Err(error) => panic!("what it saves cannot be read: {error}"),
    }
}
