//! Tokenizers: nothing is lost, nothing depends on chance, and files survive.

use proptest::prelude::*;
use std::sync::OnceLock;
use strata_data::{DataError, Tokenizer, TokenizerKind, stories};

fn corpus() -> String {
    let stories = stories::Generator::new(3).take(300).map(|story| story.text);
    let stories: Vec<String> = stories.collect();
    format!(
        "{}\nI'll say: naïve 漢字 漢字 漢字, 12345 – it's fine!\n\n  It's fine.",
        stories.join("\n")
    )
}

fn trained() -> &'static Tokenizer {
    static TOKENIZER: OnceLock<Tokenizer> = OnceLock::new();
    TOKENIZER.get_or_init(|| Tokenizer::train(&[corpus().as_bytes()], 900).unwrap().0)
}

/// What a patient reader would do: look for the pair that was learned first, merge its leftmost
/// appearance, and start over.
fn encode_naively(tokenizer: &Tokenizer, word: &[u8]) -> Vec<u32> {
    let byte_id = |byte: &u8| (0..257).find(|&id| tokenizer.bytes_of(id) == [*byte]).unwrap();
    let mut ids: Vec<u32> = word.iter().map(byte_id).collect();
    let merges = tokenizer.merges();
    loop {
        let found = merges.iter().find_map(|merge| {
            let at = ids.windows(2).position(|w| w == [merge.left, merge.right])?;
            Some((at, merge.id))
        });
        let Some((at, id)) = found else { return ids };
        ids.splice(at..at + 2, [id]);
    }
}

proptest! {
    #[test]
    fn any_bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let ids = trained().encode(&bytes).unwrap();
        prop_assert_eq!(trained().decode(&ids), bytes);
    }

    #[test]
    fn any_text_comes_back(text in "\\PC{0,60}( |\n|\t|'s|'ll|[a-z]{1,12}|[0-9]{1,5}){0,20}") {
        let ids = trained().encode(text.as_bytes()).unwrap();
        prop_assert_eq!(trained().decode(&ids), text.as_bytes());
        let again = Tokenizer::from_json(&trained().to_json()).unwrap();
        prop_assert_eq!(again.encode(text.as_bytes()).unwrap(), ids);
    }

    #[test]
    fn the_heap_merges_like_the_patient_reader(word in "[aehnorst]{1,40}") {
        let ids = trained().encode(word.as_bytes()).unwrap();
        prop_assert_eq!(ids, encode_naively(trained(), word.as_bytes()));
    }

    #[test]
    fn a_damaged_file_is_an_error_or_a_tokenizer(at in 0usize..20_000, byte in any::<u8>(), cut in any::<bool>()) {
        let mut json = trained().to_json().into_bytes();
        let at = at % json.len();
        if cut { json.truncate(at) } else { json[at] = byte }
        if let Ok(tokenizer) = Tokenizer::from_json(&String::from_utf8_lossy(&json)) {
            let _ = tokenizer.encode(b"Once upon a time, it's fine.").map(|ids| tokenizer.decode(&ids));
        }
    }
}

#[test]
fn long_texts_are_encoded_in_parallel_to_the_same_ids() {
    let text = corpus().repeat(2);
    assert!(text.len() > 1 << 17);
    let whole = trained().encode(text.as_bytes()).unwrap();
    assert_eq!(trained().decode(&whole), text.as_bytes());
    // A story ends in a mark and a newline follows: cutting there cannot change a word.
    let lines = text.split_inclusive('\n').collect::<Vec<_>>();
    let first: usize = lines[..400].iter().map(|line| line.len()).sum::<usize>() - 1;
    let parts = [&text[..first], &text[first..]].map(|t| trained().encode(t.as_bytes()).unwrap());
    assert_eq!(parts.concat(), whole);
}

#[test]
fn one_long_word_takes_no_time() {
    let bytes = b"nana".repeat(100_000);
    let ids = trained().encode(&bytes).unwrap();
    assert_eq!(trained().decode(&ids), bytes);
}

#[test]
fn training_is_deterministic_and_stops_where_it_should() {
    let text = corpus();
    let (one, report) = Tokenizer::train(&[text.as_bytes()], 400).unwrap();
    let (two, _) = Tokenizer::train(&[text.as_bytes()], 400).unwrap();
    assert_eq!((one.merges(), one.vocab_size()), (two.merges(), 400));
    assert!(!report.ran_out_of_merges);
    // The first merges of a larger vocabulary are those of a smaller one.
    assert_eq!(trained().merges()[..143], one.merges()[..]);

    let (small, report) = Tokenizer::train(&[b"low low lower"], 1000).unwrap();
    assert!(report.ran_out_of_merges && report.size == small.vocab_size());
    // Three times `lo`, three times `ow`: the tie goes to the smaller ids.
    let shown: Vec<String> = small.merges().iter().map(|m| small.show(m.id)).collect();
    assert_eq!(shown, ["lo", "low", "·low"]);
    assert_eq!(small.show(999), "<unused>");
    assert!(small.decode(&[0, 999, u32::MAX]).is_empty());
    assert!(matches!(Tokenizer::train(&[b"x"], 256), Err(DataError::Vocabulary { .. })));
    assert!(Tokenizer::train(&[], 300).unwrap().1.ran_out_of_merges);
}

#[test]
fn files_survive_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let text = "A naïve “test”.\n";
    for tokenizer in [trained().clone(), Tokenizer::characters(&[text])] {
        tokenizer.save(&path).unwrap();
        let again = Tokenizer::load(&path).unwrap();
        assert_eq!(again.kind(), tokenizer.kind());
        assert_eq!(again.vocab_size(), tokenizer.vocab_size());
        assert_eq!(again.merges(), tokenizer.merges());
        assert_eq!(again.end_of_text(), Some(0));
        assert_eq!(
            again.encode(text.as_bytes()).unwrap(),
            tokenizer.encode(text.as_bytes()).unwrap()
        );
        assert_eq!(again.to_json(), tokenizer.to_json());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "no temporary file is left");
    let nowhere = folder.path().join("no/such/folder/tokenizer.json");
    assert!(matches!(trained().save(&nowhere), Err(DataError::Io { action: "write", .. })));
    assert!(matches!(Tokenizer::load(&nowhere), Err(DataError::Missing { .. })));
}

#[test]
fn characters_know_what_they_do_not_know() {
    let tokenizer = Tokenizer::characters(&["hello\n", "wörld"]);
    assert_eq!(tokenizer.kind(), TokenizerKind::Char);
    assert_eq!(tokenizer.vocab_size(), 1 + 9);
    let ids = tokenizer.encode("höw".as_bytes()).unwrap();
    assert_eq!((ids.len(), tokenizer.decode(&ids)), (3, "höw".as_bytes().to_vec()));
    let unknown = tokenizer.encode("hex".as_bytes()).unwrap_err();
    assert!(matches!(unknown, DataError::UnknownCharacter { character: 'x', at: 2 }), "{unknown}");
    assert!(matches!(tokenizer.encode(b"h\xff"), Err(DataError::UnknownByte { at: 1, .. })));
}

#[test]
fn the_name_of_a_control_token_in_a_text_is_only_text() {
    let ids = trained().encode(b"<|endoftext|>").unwrap();
    assert!(!ids.contains(&0) && ids.len() > 1);
    assert_eq!(trained().decode(&ids), b"<|endoftext|>");
    assert!(trained().is_special(0) && trained().decode(&[0]).is_empty());
}

#[test]
fn files_that_would_give_other_ids_are_refused() {
    let json = trained().to_json();
    let swap = |from: &str, to: &str| {
        assert!(json.contains(from), "{from}");
        Tokenizer::from_json(&json.replacen(from, to, 1)).unwrap_err().to_string()
    };
    assert!(swap("\"normalizer\": null", "\"normalizer\": {\"type\": \"NFC\"}").contains("NFC"));
    assert!(swap("\"add_prefix_space\": false", "\"add_prefix_space\": true").contains("prefix"));
    assert!(swap("\"type\": \"BPE\"", "\"type\": \"Unigram\"").contains("Unigram"));
    assert!(swap("\"!\": 1,", "\"!\": 2,").contains("share"));
    assert!(Tokenizer::from_json("{").unwrap_err().to_string().contains("not JSON"));
    assert!(Tokenizer::from_json("[]").is_err());
}

/// `fixtures/make_tokenizer.py` says how Hugging Face's library made these two files.
#[test]
fn the_tokenizers_library_learns_and_answers_the_same() {
    let theirs = Tokenizer::from_json(include_str!("fixtures/tokenizer.json")).unwrap();
    let answers: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/tokenizer_ids.json")).unwrap();
    let train = answers["train"].as_str().unwrap();
    let (ours, _) = Tokenizer::train(&[train.as_bytes()], 340).unwrap();
    assert_eq!(ours.merges(), theirs.merges());
    for ask in answers["ask"].as_array().unwrap() {
        let text = ask["text"].as_str().unwrap();
        let want: Vec<u32> = serde_json::from_value(ask["ids"].clone()).unwrap();
        for tokenizer in [&ours, &theirs] {
            assert_eq!(tokenizer.encode(text.as_bytes()).unwrap(), want, "{text:?}");
        }
    }
    // The older way to write merges, as GPT-2's own file has it.
    let mut json: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/tokenizer.json")).unwrap();
    for merge in json["model"]["merges"].as_array_mut().unwrap() {
        let pair: Vec<String> = serde_json::from_value(merge.clone()).unwrap();
        *merge = pair.join(" ").into();
    }
    let older = Tokenizer::from_json(&json.to_string()).unwrap();
    assert_eq!(older.merges(), theirs.merges());
}
