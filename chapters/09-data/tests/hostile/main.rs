//! Files that somebody made to do harm, or that a disk has damaged: an error in words, or a tokenizer
//! that works. Never a panic, and no more memory than the file can explain.
mod changed;
mod texts;
mod tokenizers;

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::sync::OnceLock;
use strata_data::{DataError, Options, Source, Tokenizer, TokenizerChoice, prepare, stories};

fn small() -> &'static Value {
    static FILE: OnceLock<Value> = OnceLock::new();
    FILE.get_or_init(|| {
        let text = "Once upon a time there was a fox. The fox sat on a log. ".repeat(4);
        let (tokenizer, _) = Tokenizer::train(&[text.as_bytes()], 300).unwrap();
        serde_json::from_str(&tokenizer.to_json()).unwrap()
    })
}

fn characters(text: &str) -> Value {
    serde_json::from_str(&Tokenizer::characters(&[text]).to_json()).unwrap()
}

/// Everything that a file which was taken is used for.
fn exercise(tokenizer: &Tokenizer) {
    let size = tokenizer.vocab_size();
    for text in ["Once upon a time", "", "é\u{1b}[2J", "\u{10ffff}"] {
        if let Ok(ids) = tokenizer.encode(text.as_bytes()) {
            assert!(ids.iter().all(|&id| (id as usize) < size && !tokenizer.is_special(id)));
            assert_eq!(tokenizer.decode(&ids), text.as_bytes());
        }
    }
    let _ = tokenizer.encode(b"\xff\x00");
    for id in [0, 1, 256, size as u32, u32::MAX] {
        let _ = (tokenizer.decode(&[id]), tokenizer.is_special(id));
        assert!(!tokenizer.show(id).contains(char::is_control));
    }
    let again = Tokenizer::from_json(&tokenizer.to_json()).unwrap();
    assert_eq!(again.to_json(), tokenizer.to_json());
    let choice = TokenizerChoice::Use(tokenizer.clone());
    let options = Options {
        source: Source::Stories,
        tokenizer: choice,
        vocab_size: size,
        context: 16,
        seed: 1,
    };
    if let Ok(data) = prepare(options, &mut |_| {}) {
        let batch = data.train(3, 4);
        assert!(batch.scored > 0 && batch.floor().is_some_and(f64::is_finite));
        assert!(batch.inputs.iter().all(|&id| (id as usize) < size));
        assert_eq!(data.validation(0, 2).batch, 2);
    }
}

fn edited(change: impl FnOnce(&mut Map<String, Value>)) -> String {
    let mut file = small().clone();
    change(file.as_object_mut().unwrap());
    file.to_string()
}

fn vocab(file: &mut Map<String, Value>) -> &mut Map<String, Value> {
    file["model"]["vocab"].as_object_mut().unwrap()
}

fn merges(file: &mut Map<String, Value>) -> &mut Vec<Value> {
    file["model"]["merges"].as_array_mut().unwrap()
}

fn end(id: u64, content: &str) -> Value {
    json!({ "id": id, "content": content, "special": true })
}
