//! Text as its tokens come is the text of all tokens.
use proptest::prelude::*;
use strata_data::Tokenizer;

fn tokenizer() -> Tokenizer {
    let text = "Käse, naïve Straße, 你好, 🦀 and é";
    Tokenizer::train(&[text.repeat(5).as_bytes()], 280).unwrap().0
}

/// All that a decoder hands out for tokens in groups of `size`.
fn streamed(tokenizer: &Tokenizer, ids: &[u32], size: usize) -> (Vec<String>, String) {
    let mut decoder = tokenizer.decoder();
    let mut texts: Vec<String> = ids.chunks(size).map(|ids| decoder.push(ids)).collect();
    texts.push(decoder.finish());
    let whole = texts.concat();
    (texts, whole)
}

#[test]
fn characters_come_whole() {
    let tokenizer = tokenizer();
    for text in ["", "plain", "Käse é", "🦀🦀", "你好, naïve"] {
        let ids = tokenizer.encode(text.as_bytes()).unwrap();
        for size in 1..4 {
            assert_eq!(streamed(&tokenizer, &ids, size).1, text);
        }
    }
    // Four bytes, four tokens: nothing, nothing, nothing, a crab.
    let bytes: Vec<u32> = "🦀"
        .bytes()
        .map(|byte| (0..256).find(|&id| tokenizer.decode(&[id]) == [byte]).unwrap())
        .collect();
    let (texts, _) = streamed(&tokenizer, &bytes, 1);
    assert_eq!(texts, ["", "", "", "🦀", ""]);
    // Broken off in the middle.
    assert_eq!(streamed(&tokenizer, &bytes[..2], 1).0, ["", "", "\u{fffd}"]);
    // What is none does not hold up what comes after it.
    let mut decoder = tokenizer.decoder();
    decoder.push(&bytes[..2]);
    let after = tokenizer.encode(b"a").unwrap();
    assert_eq!(decoder.push(&after), "\u{fffd}a");
    assert_eq!(decoder.finish(), "");
}

proptest! {
    #[test]
    fn any_tokens_in_any_groups(ids in prop::collection::vec(0u32..270, 0..60), size in 1usize..5) {
        let tokenizer = tokenizer();
        let whole = String::from_utf8_lossy(&tokenizer.decode(&ids)).into_owned();
        prop_assert_eq!(streamed(&tokenizer, &ids, size).1, whole);
    }
}
