//! Tokenizers that contradict themselves, and those that are only odd.
use super::*;

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
