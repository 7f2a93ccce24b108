//! Texts that a tokenizer cannot spell, files that are none, sizes that are too large.
use super::*;
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
