//! Files that somebody made to do harm, or that a disk has damaged: an error in words, or a tokenizer
//! that works. Never a panic, and no more memory than the file can explain.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
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

#[test]
fn what_contradicts_itself_is_refused_by_name() {
    let deep = |open: &str, close: &str| {
        edited(|f| drop(f.insert("x".into(), "deep".into())))
            .replace("\"deep\"", &format!("{}1{}", open.repeat(100_000), close.repeat(100_000)))
    };
    let text = |from: &str, to: &str| {
        let json = small().to_string();
        assert!(json.contains(from), "{from}");
        json.replacen(from, to, 1)
    };
    let cases: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), "not JSON"),
        ("null", "null".into(), ""),
        ("a number", "1e999".into(), ""),
        ("a list", "[]".into(), ""),
        ("an empty object", "{}".into(), "no model"),
        ("no vocabulary", "{\"model\":{\"type\":\"BPE\",\"merges\":[]}}".into(), "model.vocab"),
        ("an empty vocabulary", edited(|f| vocab(f).clear()), "empty"),
        ("another kind", edited(|f| f["model"]["vocab"] = json!([["a", -1.0]])), "a list"),
        (
            "no merges",
            edited(|f| drop(f["model"].as_object_mut().unwrap().remove("merges"))),
            "model.merges",
        ),
        ("a giant id", edited(|f| drop(vocab(f).insert("x y".into(), json!(1 << 24)))), "16777216"),
        (
            "the largest id",
            edited(|f| drop(vocab(f).insert("x y".into(), json!(u32::MAX)))),
            "too large",
        ),
        (
            "an id beyond u32",
            edited(|f| drop(vocab(f).insert("x y".into(), json!(u64::MAX)))),
            "too large",
        ),
        ("a negative id", edited(|f| drop(vocab(f).insert("Q!".into(), json!(-1)))), "token id"),
        ("half an id", edited(|f| drop(vocab(f).insert("Q!".into(), json!(0.5)))), "token id"),
        ("an id in words", edited(|f| drop(vocab(f).insert("Q!".into(), json!("7")))), "token id"),
        ("no id", edited(|f| drop(vocab(f).insert("Q!".into(), Value::Null))), "token id"),
        (
            "one id twice",
            edited(|f| drop(vocab(f).insert("Q!".into(), json!(7)))),
            "share the id 7",
        ),
        ("one token twice", text("\"!\":1,", "\"!\":1,\"!\":290,"), "twice"),
        ("two models", text("\"model\":", "\"model\":{},\"model\":"), "duplicate"),
        ("a lone surrogate", text("\"!\":1,", "\"\\ud800\":1,"), "not JSON"),
        (
            "no byte level",
            edited(|f| drop(vocab(f).insert("日本".into(), json!(300)))),
            "byte-level",
        ),
        ("a merge of nothing known", edited(|f| merges(f).push(json!(["Q", "zzz"]))), "zzz"),
        ("a merge into nothing known", edited(|f| merges(f).push(json!(["!", "!"]))), "!!"),
        ("a merge of three", edited(|f| merges(f).push(json!(["a", "b", "c"]))), "two tokens"),
        ("a merge of one", edited(|f| merges(f).push(json!("ab"))), "not a merge"),
        ("a merge of numbers", edited(|f| merges(f).push(json!([1, 2]))), ""),
        (
            "a merge twice",
            edited(|f| {
                let m = merges(f)[0].clone();
                merges(f).push(m)
            }),
            "twice",
        ),
        ("no list of merges", edited(|f| f["model"]["merges"] = json!({})), ""),
        (
            "a merge of a control token",
            edited(|f| {
                vocab(f).insert("!!".into(), json!(300));
                f["added_tokens"].as_array_mut().unwrap().push(end(300, "!!"));
                merges(f).push(json!(["!", "!"]));
            }),
            "control token",
        ),
        (
            "control tokens that share an id",
            edited(|f| f["added_tokens"] = json!([end(0, "a"), end(0, "b")])),
            "share the id 0",
        ),
        (
            "a control token with two ids",
            edited(|f| f["added_tokens"] = json!([end(300, "<|endoftext|>")])),
            "two ids",
        ),
        (
            "a control token twice",
            edited(|f| f["added_tokens"] = json!([end(300, "x"), end(301, "x")])),
            "two ids",
        ),
        (
            "a control token on a token's id",
            edited(|f| f["added_tokens"] = json!([end(5, "X Y")])),
            "share the id 5",
        ),
        (
            "a giant control token",
            edited(|f| f["added_tokens"] = json!([end(1 << 31, "X Y")])),
            "2147483648",
        ),
        (
            "an added token without an id",
            edited(|f| f["added_tokens"] = json!([{"content": "x"}])),
            "id",
        ),
        ("added tokens that are none", edited(|f| f["added_tokens"] = json!("x")), ""),
        (
            "ordinary added text",
            edited(|f| f["added_tokens"] = json!([{"id": 300, "content": "x", "special": false}])),
            "ordinary",
        ),
        ("a prefix", edited(|f| f["model"]["end_of_word_suffix"] = json!("</w>")), "</w>"),
        ("lists in lists", deep("[", "]"), ""),
        ("objects in objects", deep("{\"a\":", "}"), ""),
        (
            "a token of two megabytes",
            edited(|f| drop(vocab(f).insert("x".repeat(2 << 20), json!(300)))),
            "longer",
        ),
        (
            "an unknown type of megabytes",
            edited(|f| f["model"]["type"] = json!("x".repeat(1 << 20))),
            "not supported",
        ),
        (
            "a wrong type of megabytes",
            edited(|f| f["model"]["vocab"] = json!("\u{1b}[2J".repeat(1 << 20))),
            "",
        ),
    ];
    for (what, file, says) in cases {
        match Tokenizer::from_json(&file) {
            Ok(tokenizer) => {
                assert!(
                    what.ends_with("in lists") || what.ends_with("in objects"),
                    "{what} was taken"
                );
                exercise(&tokenizer);
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains(says), "{what}: {text}");
                assert!(text.len() < 1500, "{what}: {} bytes of message", text.len());
                assert!(!text.contains(char::is_control), "{what}: {text:?}");
            }
        }
    }
}

#[test]
fn what_is_only_odd_works() {
    let odd: Vec<(&str, String)> = vec![
        ("holes", edited(|f| drop(vocab(f).insert("QQ".into(), json!(1000))))),
        ("an empty token", edited(|f| drop(vocab(f).insert(String::new(), json!(300))))),
        ("a control token alone", edited(|f| f["added_tokens"] = json!([end(2000, "\u{1b}[2J")]))),
        (
            "no control token",
            edited(|f| {
                f["added_tokens"] = json!([]);
                vocab(f).remove("<|endoftext|>");
            }),
        ),
        ("words looked up", edited(|f| f["model"]["ignore_merges"] = json!(true))),
        (
            "a byte that is a control token",
            edited(|f| {
                f["added_tokens"].as_array_mut().unwrap().push(end(1, "!"));
            }),
        ),
        ("no merges", edited(|f| merges(f).clear())),
        ("a long token", edited(|f| drop(vocab(f).insert("x".repeat(1 << 20), json!(300))))),
        ("fields of the future", edited(|f| drop(f.insert("future".into(), json!([1, {"a": 2}]))))),
    ];
    for (what, file) in odd {
        exercise(&Tokenizer::from_json(&file).unwrap_or_else(|e| panic!("{what}: {e}")));
    }
    // A control token is never written by a text, not even one that is a single byte.
    let bang = edited(|f| f["added_tokens"].as_array_mut().unwrap().push(end(1, "!")));
    let tokenizer = Tokenizer::from_json(&bang).unwrap();
    assert!(matches!(tokenizer.encode(b"a!"), Err(DataError::UnknownByte { byte: b'!', at: 1 })));
}

#[test]
fn characters_that_are_none_are_refused() {
    let file = |change: &dyn Fn(&mut Map<String, Value>)| {
        let mut file = characters("abc");
        change(file.as_object_mut().unwrap());
        Tokenizer::from_json(&file.to_string())
    };
    exercise(&file(&|_| ()).unwrap());
    assert!(
        file(&|f| drop(vocab(f).insert("ab".into(), json!(9))))
            .unwrap_err()
            .to_string()
            .contains("\"ab\"")
    );
    assert!(file(&|f| drop(vocab(f).insert(String::new(), json!(9)))).is_err());
    assert!(file(&|f| vocab(f).clear()).unwrap_err().to_string().contains("empty"));
    assert!(file(&|f| f["pre_tokenizer"] = Value::Null).is_err());
}

#[test]
fn the_alphabet_of_the_stories_is_exact() {
    let told: std::collections::BTreeSet<char> = (0..4000)
        .flat_map(|i| stories::Generator::story(3, i).text.chars().collect::<Vec<_>>())
        .collect();
    assert_eq!(stories::grammar().alphabet(), told);
}

fn use_on(source: Source, tokenizer: &Tokenizer) -> Result<strata_data::Dataset, DataError> {
    let (tokenizer, context) = (TokenizerChoice::Use(tokenizer.clone()), 8);
    prepare(Options { source, tokenizer, vocab_size: 300, context, seed: 1 }, &mut |_| {})
}

#[test]
fn a_tokenizer_that_cannot_spell_a_text_names_the_character() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("{}Z{}", "abc ".repeat(100), "abc ".repeat(9));
    std::fs::write(folder.path().join("text.txt"), &text).unwrap();
    let file = Source::Path(folder.path().join("text.txt"));
    let all = Source::Path(folder.path().to_owned());
    let mut bpe = small().clone();
    bpe["model"]["vocab"].as_object_mut().unwrap().remove("Z");
    let bpe = Tokenizer::from_json(&bpe.to_string()).unwrap();
    let chars = Tokenizer::characters(&["abc "]);
    let cases = [
        (&chars, Source::Stories, vec!["'", "stories", "another text"]),
        (&chars, Source::Book, vec!["no token for"]),
        // The last tenth begins before it: the place is that in the whole file.
        (&chars, file.clone(), vec!["text.txt", "'Z'", "byte 400"]),
        (&chars, all.clone(), vec!["text.txt", "'Z'", "byte 400"]),
        (&bpe, Source::Stories, vec!["'Z'", "stories"]),
        (&bpe, file, vec!["text.txt", "0x5a", "byte 400"]),
        (&bpe, all, vec!["text.txt", "0x5a"]),
    ];
    for (tokenizer, source, says) in cases {
        let error = use_on(source.clone(), tokenizer).unwrap_err().to_string();
        says.iter().for_each(|word| assert!(error.contains(word), "{source:?}: {word}: {error}"));
        assert!(!error.contains("--"), "flags are the command's: {error}");
    }
    // Every byte of the alphabet of the stories, one after another.
    for missing in stories::grammar().alphabet() {
        let mut file = small().clone();
        let visible = if missing == ' ' { '\u{120}' } else { missing };
        let vocab = file["model"]["vocab"].as_object_mut().unwrap();
        vocab.retain(|token, _| token.starts_with("<|") || !token.contains(visible));
        file["model"]["merges"] = json!([]);
        let tokenizer = Tokenizer::from_json(&file.to_string()).unwrap();
        let error = use_on(Source::Stories, &tokenizer).unwrap_err().to_string();
        assert!(error.contains(&format!("{missing:?}")), "{missing:?}: {error}");
    }
    // A tokenizer without an end cannot begin a story.
    let mut file = small().clone();
    file["added_tokens"] = json!([]);
    let error = use_on(Source::Stories, &Tokenizer::from_json(&file.to_string()).unwrap());
    assert!(error.unwrap_err().to_string().contains("<|endoftext|>"));
}

#[test]
fn loading_a_large_file_is_no_hang() {
    let specials = |n: usize| {
        let mut file = small().clone();
        let tokens = (0..n).map(|i| end(1000 + i as u64, &format!("<{i}>")));
        file["added_tokens"].as_array_mut().unwrap().extend(tokens);
        file.to_string()
    };
    let tokens = |n: usize| {
        let mut file = small().clone();
        let vocab = file["model"]["vocab"].as_object_mut().unwrap();
        (0..n).for_each(|i| drop(vocab.insert(format!("tok{i}"), json!(1000 + i))));
        file.to_string()
    };
    let merged = |n: usize| {
        let mut file = small().clone();
        // One token, n times as long as its part, and merges on the way there.
        let vocab = file["model"]["vocab"].as_object_mut().unwrap();
        vocab.insert("x".repeat(n), json!(301));
        vocab.insert("xx".into(), json!(302));
        file["model"]["merges"].as_array_mut().unwrap().push(json!(["x", "x"]));
        file.to_string()
    };
    let makers: [(&str, &dyn Fn(usize) -> String); 3] =
        [("control tokens", &specials), ("tokens", &tokens), ("a long token", &merged)];
    for (what, make) in makers {
        // A second where the time grows with the file. Where it grows with its square: minutes.
        let file = make(320_000);
        let start = Instant::now();
        drop(Tokenizer::from_json(&file).unwrap());
        assert!(start.elapsed() < Duration::from_secs(20), "{what}: {:?}", start.elapsed());
    }
}

#[test]
fn no_text_makes_a_vocabulary_larger_than_itself() {
    let text = "ab".repeat(1 << 19);
    let (tokenizer, report) = Tokenizer::train(&[text.as_bytes()], 2000).unwrap();
    assert!(report.ran_out_of_merges);
    let json = tokenizer.to_json();
    assert!(json.len() < 100_000, "{} bytes", json.len());
    let again = Tokenizer::from_json(&json).unwrap();
    assert_eq!(again.decode(&again.encode(text.as_bytes()).unwrap()), text.as_bytes());
}

#[test]
fn files_that_are_none_are_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let says = |path: PathBuf, word: &str| {
        let text = Tokenizer::load(&path).unwrap_err().to_string();
        assert!(text.contains(word) && text.contains(&path.display().to_string()), "{text}");
    };
    says(at("missing"), "no such file");
    says(folder.path().to_owned(), "a folder");
    std::fs::write(at("latin1"), b"\xe9").unwrap();
    says(at("latin1"), "not UTF-8");
    std::fs::File::create(at("sparse")).unwrap().set_len(1 << 40).unwrap();
    says(at("sparse"), "at most");
    #[cfg(unix)]
    {
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        says(at("socket"), "a socket");
        says("/dev/zero".into(), "a device");
    }
}

/// A change somewhere in a file: a value replaced, a key renamed, an element doubled or taken away.
#[derive(Clone, Debug)]
enum Change {
    Put(Value),
    Remove,
    Double,
    Rename(String),
}

fn change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0u64..400).prop_map(Value::from),
        any::<f64>().prop_map(|x| json!(x)),
        "\\PC{0,8}".prop_map(Value::from),
        Just(json!([])),
        Just(json!({})),
        Just(json!(["a", "b"])),
    ];
    prop_oneof![
        4 => value.prop_map(Change::Put),
        2 => Just(Change::Remove),
        1 => Just(Change::Double),
        1 => "\\PC{0,6}".prop_map(Change::Rename),
    ]
}

/// Walks down the file by these turns and changes what is there.
fn apply(value: &mut Value, turns: &[prop::sample::Index], change: &Change) {
    let Some((turn, rest)) = turns.split_first() else { return };
    match value {
        Value::Object(map) if !map.is_empty() => {
            let key = map.keys().nth(turn.index(map.len())).unwrap().clone();
            let inner = &map[&key];
            let deeper = inner.is_object() || inner.is_array();
            if deeper && !rest.is_empty() {
                return apply(&mut map[&key], rest, change);
            }
            match change {
                Change::Put(new) => drop(map.insert(key, new.clone())),
                Change::Remove => drop(map.remove(&key)),
                Change::Double => {
                    let copy = map[&key].clone();
                    map.insert(format!("{key}{key}"), copy);
                }
                Change::Rename(name) => {
                    let old = map.remove(&key).unwrap();
                    map.insert(name.clone(), old);
                }
            }
        }
        Value::Array(list) if !list.is_empty() => {
            let at = turn.index(list.len());
            if (list[at].is_object() || list[at].is_array()) && !rest.is_empty() {
                return apply(&mut list[at], rest, change);
            }
            match change {
                Change::Put(new) => list[at] = new.clone(),
                Change::Remove => drop(list.remove(at)),
                Change::Double => {
                    let copy = list[at].clone();
                    list.insert(at, copy);
                }
                Change::Rename(_) => list.reverse(),
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_changed_file_is_an_error_or_a_tokenizer(
        chars in any::<bool>(),
        changes in prop::collection::vec(
            (prop::collection::vec(any::<prop::sample::Index>(), 1..4), change()), 1..4),
    ) {
        let mut file = if chars { characters("Once upon a time. é") } else { small().clone() };
        changes.iter().for_each(|(turns, change)| apply(&mut file, turns, change));
        match Tokenizer::from_json(&file.to_string()) {
            Ok(tokenizer) => exercise(&tokenizer),
            Err(error) => prop_assert!(error.to_string().len() < 1500, "{}", error),
        }
    }
}
