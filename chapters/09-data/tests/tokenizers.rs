//! Tokenizers: nothing is lost, nothing depends on chance, and files survive.

use proptest::prelude::*;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
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

/// Training as the definition says it: count all pairs, merge the one that stands most often (of
/// several, that with the smaller ids) in all words from left to right, and start over.
fn learn_naively(tokenizer: &Tokenizer, words: &[String], room: usize) -> Vec<(u32, u32)> {
    let byte_id = |byte: u8| (0..257).find(|&id| tokenizer.bytes_of(id) == [byte]).unwrap();
    let mut words: Vec<Vec<u32>> =
        words.iter().map(|word| word.bytes().map(byte_id).collect()).collect();
    let mut spelled: HashMap<Vec<u8>, u32> = HashMap::new();
    let bytes = |spelled: &HashMap<Vec<u8>, u32>, id: u32| match id < 257 {
        true => tokenizer.bytes_of(id).to_vec(),
        false => spelled.iter().find(|(_, other)| **other == id).unwrap().0.clone(),
    };
    let mut merges = Vec::new();
    let mut too_long = HashSet::new();
    while spelled.len() < room {
        let mut counts: HashMap<(u32, u32), i64> = HashMap::new();
        for pair in words.iter().flat_map(|word| word.windows(2)) {
            *counts.entry((pair[0], pair[1])).or_default() += 1;
        }
        let open =
            counts.into_iter().filter(|(pair, count)| *count > 1 && !too_long.contains(pair));
        let Some((pair, _)) = open.max_by_key(|&(pair, count)| (count, Reverse(pair))) else {
            break;
        };
        let both = [bytes(&spelled, pair.0), bytes(&spelled, pair.1)].concat();
        if both.len() > 256 {
            too_long.insert(pair);
            continue;
        }
        let next = 257 + u32::try_from(spelled.len()).unwrap();
        let token = *spelled.entry(both).or_insert(next);
        merges.push(pair);
        for word in &mut words {
            let mut new = Vec::new();
            let mut rest = &word[..];
            while let [first, more @ ..] = rest {
                let here = more.first().is_some_and(|second| (*first, *second) == pair);
                new.push(if here { token } else { *first });
                rest = if here { &more[1..] } else { more };
            }
            *word = new;
        }
    }
    merges
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
    fn training_learns_what_the_definition_says(
        words in proptest::collection::vec("(a{1,40}|[ab]{1,40}|(aab){1,20}|[a-d]{1,60}|(ab){1,9}c{1,9})", 1..6),
        room in 1usize..60,
    ) {
        let texts: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let (tokenizer, _) = Tokenizer::train(&texts, 257 + room).unwrap();
        let got: Vec<(u32, u32)> = tokenizer.merges().iter().map(|m| (m.left, m.right)).collect();
        prop_assert_eq!(got, learn_naively(&tokenizer, &words, room));
    }

    #[test]
    fn a_damaged_file_is_an_error_or_a_tokenizer(at in 0usize..20_000, byte in any::<u8>(), shorter in any::<bool>()) {
        let mut json = trained().to_json().into_bytes();
        let at = at % json.len();
        if shorter { json.truncate(at) } else { json[at] = byte }
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

/// Twenty seconds are a guard: work that grew with the square of a word would take many minutes.
#[test]
fn training_on_words_without_end_costs_what_they_are_long() {
    let mut state = 1u32;
    let mut letter = |of: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b'a' + u8::try_from((state >> 16) % of).unwrap()
    };
    let random: Vec<u8> = (0..1 << 20).map(|_| letter(26)).collect();
    let two: Vec<u8> = (0..1 << 20).map(|_| letter(2)).collect();
    let short: Vec<u8> =
        (0..1u32 << 20).map(|i| if i % 5 == 4 { b' ' } else { letter(26) }).collect();
    for text in [vec![b'a'; 1 << 20], b"nana".repeat(1 << 18), two, random, short] {
        let start = Instant::now();
        let (tokenizer, _) = Tokenizer::train(&[&text], 40_000).unwrap();
        let ids = tokenizer.encode(&text).unwrap();
        assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
        assert_eq!(tokenizer.decode(&ids), text);
    }
    // Longer than the longest token, three hundred letters on end become no token of their own.
    let (tokenizer, report) = Tokenizer::train(&[&vec![b'a'; 5000]], 600).unwrap();
    assert!(report.ran_out_of_merges);
    assert_eq!((0..600).map(|id| tokenizer.bytes_of(id).len()).max(), Some(256));
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

/// What Hugging Face's library obeys and what would give other ids, or another text, than we do.
#[test]
fn what_the_library_would_do_and_we_do_not_is_refused_by_name() {
    let parsed =
        |tokenizer: &Tokenizer| -> Value { serde_json::from_str(&tokenizer.to_json()).unwrap() };
    let (bpe, characters) = (parsed(trained()), parsed(&Tokenizer::characters(&["ab c\n"])));
    let template = json!({ "type": "TemplateProcessing",
        "single": [{ "SpecialToken": { "id": "<|endoftext|>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
        "pair": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } }],
        "special_tokens": { "<|endoftext|>": { "id": "<|endoftext|>", "ids": [0], "tokens": ["<|endoftext|>"] } } });
    let level = json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true });
    let sequence = |parts: Value| json!({ "type": "Sequence", "processors": parts });
    let split = |pattern: Value, behavior: &str, invert: bool| json!({ "type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert });
    let any = json!({ "Regex": "[\\s\\S]" });
    let padding = json!({ "strategy": { "Fixed": 8 }, "direction": "Right", "pad_to_multiple_of": null,
        "pad_id": 0, "pad_type_id": 0, "pad_token": "<|endoftext|>" });
    let truncation =
        json!({ "direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0 });
    let cases: Vec<(&Value, &str, Value, &[&str])> = vec![
        (&bpe, "/version", json!("2.0"), &["version", "2.0"]),
        (&bpe, "/truncation", truncation.clone(), &["truncation"]),
        (&bpe, "/padding", padding.clone(), &["padding"]),
        (&bpe, "/post_processor", template.clone(), &["post-processor", "TemplateProcessing"]),
        (&bpe, "/post_processor", sequence(json!([level, template])), &["TemplateProcessing"]),
        (&bpe, "/post_processor", sequence(json!([sequence(json!([]))])), &["Sequence"]),
        (&bpe, "/post_processor", json!({ "type": "RobertaProcessing" }), &["RobertaProcessing"]),
        (&bpe, "/post_processor", json!({ "type": "BertProcessing" }), &["BertProcessing"]),
        (&bpe, "/post_processor", json!({}), &["post-processor", "unknown"]),
        (&bpe, "/decoder", json!({ "type": "WordPiece" }), &["decoder", "WordPiece"]),
        (&bpe, "/decoder", json!({ "type": "Fuse" }), &["decoder", "Fuse"]),
        (&bpe, "/normalizer", json!({ "type": "Lowercase" }), &["normalizer", "Lowercase"]),
        (&bpe, "/pre_tokenizer", Value::Null, &["pre-tokenizer"]),
        (&bpe, "/pre_tokenizer/use_regex", json!(false), &["pre-tokenizer"]),
        (&bpe, "/model/dropout", json!(0.1), &["dropout", "0.1"]),
        (&bpe, "/model/dropout", json!(1), &["dropout"]),
        (&bpe, "/model/dropout", json!("0.1"), &["invalid type"]),
        (&bpe, "/model/continuing_subword_prefix", json!("##"), &["continuing_subword_prefix"]),
        (&bpe, "/model/end_of_word_suffix", json!("</w>"), &["end_of_word_suffix"]),
        (&characters, "/truncation", truncation, &["truncation"]),
        (&characters, "/padding", padding, &["padding"]),
        (&characters, "/post_processor", template, &["TemplateProcessing"]),
        (&characters, "/decoder", json!({ "type": "ByteLevel" }), &["decoder", "ByteLevel"]),
        (&characters, "/pre_tokenizer", split(any.clone(), "Removed", false), &["Isolated"]),
        (&characters, "/pre_tokenizer", split(any.clone(), "Contiguous", false), &["Isolated"]),
        (&characters, "/pre_tokenizer", split(any.clone(), "Isolated", true), &["Isolated"]),
        (
            &characters,
            "/pre_tokenizer",
            split(json!({ "Regex": "." }), "Isolated", false),
            &["Split"],
        ),
        (
            &characters,
            "/pre_tokenizer",
            split(json!({ "String": " " }), "Isolated", false),
            &["Split"],
        ),
        (&characters, "/pre_tokenizer", json!({ "type": "WhitespaceSplit" }), &["Split"]),
    ];
    let with = |file: &Value, at: &str, value: &Value| {
        let mut file = file.clone();
        *file.pointer_mut(at).unwrap() = value.clone();
        Tokenizer::from_json(&file.to_string())
    };
    for (file, at, value, words) in cases {
        let error = with(file, at, &value).err().unwrap_or_else(|| panic!("{at} {value} is taken"));
        let said = error.to_string();
        assert!(words.iter().all(|word| said.contains(word)), "{at} {value}: {said}");
    }
    // A vocabulary without some bytes: the library would fall back to tokens for bytes.
    let mut poor = bpe.clone();
    let vocab = poor["model"]["vocab"].as_object_mut().unwrap();
    vocab.remove("\u{143}");
    Tokenizer::from_json(&poor.to_string()).unwrap();
    poor["model"]["byte_fallback"] = json!(true);
    let said = Tokenizer::from_json(&poor.to_string()).unwrap_err().to_string();
    assert!(said.contains("byte_fallback"), "{said}");
    // What gives the same ids is taken.
    let text = "It's fine.\n";
    let same: Vec<(&Value, &str, Value)> = vec![
        (&bpe, "/version", Value::Null),
        (&bpe, "/post_processor", level.clone()),
        (&bpe, "/post_processor", sequence(json!([level]))),
        (&bpe, "/decoder", Value::Null),
        (&bpe, "/model/dropout", json!(0.0)),
        (&bpe, "/model/byte_fallback", json!(true)),
        (&bpe, "/model/unk_token", json!("<|endoftext|>")),
        (&bpe, "/model/end_of_word_suffix", json!("")),
    ];
    for (file, at, value) in same {
        let taken = with(file, at, &value).unwrap_or_else(|error| panic!("{at} {value}: {error}"));
        assert_eq!(
            taken.encode(text.as_bytes()).unwrap(),
            trained().encode(text.as_bytes()).unwrap()
        );
    }
    for value in [any, json!({ "Regex": "(?s)." })] {
        let taken = with(&characters, "/pre_tokenizer", &split(value, "Isolated", false)).unwrap();
        assert_eq!(taken.encode(b"b\na").unwrap().len(), 3);
    }
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
