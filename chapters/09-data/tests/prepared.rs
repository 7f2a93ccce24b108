//! Stories and texts, from path to batch.

use std::path::Path;
use strata_data::{
    Batch, DataError, Dataset, IGNORE, Options, Part, Source, Tokenizer, TokenizerChoice,
    TokenizerKind, prepare, prepare_to_score, stories,
};

fn stories_at(context: usize, vocab_size: usize, seed: u64) -> Dataset {
    let tokenizer = TokenizerChoice::Train(TokenizerKind::Bpe);
    let options = Options { source: Source::Stories, tokenizer, vocab_size, context, seed };
    prepare(options, &mut |_| {}).unwrap()
}

fn text_at(path: &Path, kind: TokenizerKind, context: usize) -> Result<Dataset, DataError> {
    let tokenizer = TokenizerChoice::Train(kind);
    let source = Source::Path(path.to_owned());
    prepare(Options { source, tokenizer, vocab_size: 300, context, seed: 1 }, &mut |_| {})
}

/// The scored targets of each row, decoded.
fn texts(dataset: &Dataset, batch: &Batch) -> Vec<String> {
    let rows = batch.targets.chunks(batch.context);
    let scored = rows.map(|row| row.iter().copied().filter(|&t| t != IGNORE).collect::<Vec<_>>());
    scored.map(|ids| String::from_utf8(dataset.tokenizer().decode(&ids)).unwrap()).collect()
}

#[test]
fn the_book_is_a_text_like_any_other() {
    assert_eq!("book".parse(), Ok(Source::Book));
    let tokenizer = TokenizerChoice::Train(TokenizerKind::Bpe);
    let options =
        Options { source: Source::Book, tokenizer, vocab_size: 300, context: 16, seed: 1 };
    let dataset = prepare(options, &mut |_| {}).unwrap();
    assert!(!dataset.is_stories() && dataset.train_tokens().is_some_and(|tokens| tokens > 1000));
    // A page begins where the last one ended: with that a sample begins, too.
    assert_eq!(dataset.prompt(), [dataset.tokenizer().end_of_text().unwrap()]);
    let rows = texts(&dataset, &dataset.whole(0, 4));
    assert!(rows.iter().all(|row| !row.contains("{{#")), "{rows:?}");
}

#[test]
fn every_row_is_a_whole_story_and_knows_its_floor() {
    let dataset = stories_at(256, 4096, 5);
    let end = dataset.tokenizer().end_of_text().unwrap();
    for batch in [dataset.train(0, 16), dataset.train(9, 16), dataset.validation(3, 16)] {
        assert_eq!((batch.inputs.len(), batch.targets.len()), (16 * 256, 16 * 256));
        let (mut floor, mut scored) = (0.0, 0);
        for (row, text) in texts(&dataset, &batch).iter().enumerate() {
            floor -= stories::log_prob(text).unwrap();
            let at = row * 256..(row + 1) * 256;
            let (inputs, targets) = (&batch.inputs[at.clone()], &batch.targets[at]);
            let length = targets.iter().position(|&t| t == end).unwrap() + 1;
            assert!(length <= 256);
            assert_eq!(inputs[0], end);
            assert_eq!(inputs[1..length], targets[..length - 1]);
            assert!(inputs[length..].iter().all(|&id| id == end));
            assert!(targets[length..].iter().all(|&id| id == IGNORE));
            scored += length;
        }
        assert_eq!(batch.scored, scored);
        assert_eq!(batch.bytes, texts(&dataset, &batch).iter().map(String::len).sum::<usize>());
        assert!((batch.floor_nats.unwrap() - floor).abs() < 1e-9);
    }
}

#[test]
fn a_batch_depends_on_seed_and_step_alone() {
    let (one, two) = (stories_at(256, 4096, 5), stories_at(256, 4096, 6));
    assert_eq!(one.train(7, 4), stories_at(256, 4096, 5).train(7, 4));
    assert_ne!(one.train(7, 4), one.train(8, 4));
    assert_ne!(one.train(7, 4), two.train(7, 4));
    assert_eq!(one.validation(2, 4), two.validation(2, 4));
    assert_eq!(one.validation_batches(100), 6);
    // 512 stories: the sixth batch of 100 has 12 of them, the seventh none.
    assert_eq!(texts(&one, &one.validation(5, 100)).iter().filter(|t| !t.is_empty()).count(), 12);
    assert_eq!(one.validation(6, 100).scored, 0);
}

#[test]
fn every_word_of_the_valley_is_one_token_so_every_story_fits() {
    let dataset = stories_at(256, 4096, 5);
    // The bound comes from the grammar: no story has more pieces than this ...
    assert!(stories::grammar().longest() <= 255, "{}", stories::grammar().longest());
    // ... and a piece is one token, because training stopped only when every word was.
    assert!(dataset.notes()[0].contains("every word is one"));
    let (mut floor, mut longest) = (stories::Floor::default(), 0);
    for story in stories::Generator::held_out(99).take(5000) {
        let ids = dataset.tokenizer().encode(story.text.as_bytes()).unwrap();
        assert_eq!(dataset.tokenizer().decode(&ids), story.text.as_bytes());
        longest = longest.max(ids.len());
        floor.add(&story, ids.len());
    }
    assert!(longest <= 255);
    println!(
        "entropy {:.4} nats a story; {:.1} tokens a story (end included), longest of 5,000: {longest} \
         (bound {}); floor {:.4} nats a token; {} tokens in the vocabulary",
        stories::entropy(),
        floor.tokens as f64 / 5000.0,
        stories::grammar().longest(),
        floor.nats_per_token(),
        dataset.tokenizer().vocab_size(),
    );
}

#[test]
fn a_short_context_cuts_stories_and_lowers_the_floor_to_match() {
    let (whole, truncated) = (stories_at(256, 4096, 5), stories_at(64, 4096, 5));
    assert!(
        truncated.notes().iter().any(|note| note.contains("cut off")),
        "{:?}",
        truncated.notes()
    );
    let (whole, truncated) = (whole.validation(0, 32), truncated.validation(0, 32));
    let floors = (whole.floor_nats.unwrap(), truncated.floor_nats.unwrap());
    assert_eq!(truncated.scored, 32 * 64);
    assert!(floors.1 > 0.0 && floors.1 < floors.0, "{floors:?}");
    // A smaller vocabulary spells words out; the rows must still be well formed.
    let small = stories_at(64, 512, 5);
    let batch = small.train(0, 8);
    assert!(batch.floor().unwrap() > 0.0);
    assert_eq!(batch.scored, 8 * 64);
}

#[test]
fn a_text_is_cut_into_windows_and_its_last_tenth_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    let text: String = (0..500).map(|n| format!("line {n} of some text\n")).collect();
    std::fs::write(&path, &text).unwrap();
    for kind in [TokenizerKind::Char, TokenizerKind::Bpe] {
        let dataset = text_at(&path, kind, 32).unwrap();
        let batch = dataset.train(3, 8);
        assert_eq!(batch, dataset.train(3, 8));
        assert_eq!((batch.scored, batch.floor_nats), (8 * 32, None));
        let (train, kept) = text.split_at(text.len() * 9 / 10);
        for (row, target) in batch.inputs.chunks(32).zip(texts(&dataset, &batch)) {
            assert!(train.contains(&target));
            let input = dataset.tokenizer().decode(row);
            assert!(train.contains(std::str::from_utf8(&input).unwrap()));
        }
        // Held-out windows, put together, are the held-out text without its first token.
        let seen: String = (0..dataset.validation_batches(4))
            .flat_map(|index| texts(&dataset, &dataset.validation(index, 4)))
            .collect();
        assert!(kept.ends_with(&seen) && kept.len() - seen.len() < 8, "{kind}");
        let whole: String = (0..dataset.whole_batches(4))
            .flat_map(|index| texts(&dataset, &dataset.whole(index, 4)))
            .collect();
        let first = dataset.tokenizer().encode(text.as_bytes()).unwrap()[0];
        let first = dataset.tokenizer().bytes_of(first).len();
        assert_eq!(whole, text[first..], "{kind}: all of it, without its first token");
        // Every batch has its rows, however far behind the end it lies.
        for index in [dataset.whole_batches(4), usize::MAX / 4, usize::MAX] {
            let beyond = dataset.whole(index, 4);
            assert_eq!((beyond.batch, beyond.inputs.len(), beyond.scored), (4, 4 * 32, 0));
        }
        assert_eq!(dataset.prompt().len(), 1);
    }
}

#[test]
fn a_folder_is_read_in_order_and_passes_over_what_is_no_text() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::create_dir(at("b")).unwrap();
    std::fs::write(at("b/two.md"), "second ".repeat(30)).unwrap();
    std::fs::write(at("a.txt"), "first ".repeat(30)).unwrap();
    std::fs::write(at("picture.png"), b"\x89PNG\x00").unwrap();
    std::fs::write(at("empty.txt"), "").unwrap();
    std::fs::write(at(".hidden"), "hidden").unwrap();
    let dataset = text_at(folder.path(), TokenizerKind::Char, 16).unwrap();
    let end = dataset.tokenizer().end_of_text().unwrap();
    assert_eq!(dataset.prompt(), [end]);
    // All of it, with one token before each file: the first of them is only read.
    let end = &end;
    let want: Vec<u32> = ["first ", "second "]
        .into_iter()
        .flat_map(|text| {
            let ids = dataset.tokenizer().encode(text.repeat(30).as_bytes()).unwrap();
            [vec![*end], ids].concat()
        })
        .collect();
    assert_eq!(scored(&dataset), want[1..]);
    let firsts: Vec<char> = "cdefinorst".chars().chain([' ']).collect();
    assert_eq!(dataset.tokenizer().vocab_size(), firsts.len() + 1);
}

/// Every scored target of a text, in order.
fn scored(dataset: &Dataset) -> Vec<u32> {
    let batches = (0..dataset.whole_batches(3)).map(|index| dataset.whole(index, 3));
    batches.flat_map(|batch| batch.targets).filter(|&id| id != IGNORE).collect()
}

fn to_score(
    path: &Path,
    tokenizer: &Tokenizer,
    context: usize,
    part: Part,
) -> Result<Dataset, DataError> {
    let tokenizer = TokenizerChoice::Use(tokenizer.clone());
    let source = Source::Path(path.to_owned());
    let options = Options { source, tokenizer, vocab_size: 300, context, seed: 1 };
    prepare_to_score(options, part, &mut |_| {})
}

#[test]
fn a_text_is_scored_whole_however_short() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    let line = "Mara fand den Schlüssel, und der Schlüssel fand Mara. ";
    let (bpe, _) = Tokenizer::train(&[line.repeat(9).as_bytes()], 290).unwrap();
    let char = Tokenizer::characters(&[line]);
    for tokenizer in [&bpe, &char] {
        // Lengths around one window, and around the split at nine tenths.
        for bytes in [2, 3, 7, 8, 9, 10, 11, 16, 17, 18, 31, 32, 33, 100, 138, 1000] {
            let long = line.repeat(1 + bytes / line.len());
            let text: String = long.chars().take(bytes).collect();
            std::fs::write(&path, &text).unwrap();
            let ids = tokenizer.encode(text.as_bytes()).unwrap();
            if ids.len() < 2 {
                let error = to_score(&path, tokenizer, 8, Part::Whole).unwrap_err();
                assert!(matches!(error, DataError::NothingToScore { .. }), "{error}");
                continue;
            }
            for context in [1, 8, 128] {
                let dataset = to_score(&path, tokenizer, context, Part::Whole).unwrap();
                assert_eq!(scored(&dataset), ids[1..], "{bytes} bytes at {context}");
                let windows = (ids.len() - 1).div_ceil(context);
                assert_eq!(dataset.whole_batches(1), windows);
                // Each window begins with the token that the last one ended with.
                for index in 0..windows {
                    let row = dataset.whole(index, 1);
                    let at = index * context;
                    let have = context.min(ids.len() - 1 - at);
                    assert_eq!((row.scored, &row.inputs[..have]), (have, &ids[at..at + have]));
                    let text: usize = ids[at + 1..=at + have]
                        .iter()
                        .map(|&id| tokenizer.bytes_of(id).len())
                        .sum();
                    assert_eq!(row.bytes, text);
                }
                // It is not trained on, and says so by having nothing.
                assert_eq!((dataset.train(0, 2).scored, dataset.train_tokens()), (0, Some(0)));
                assert_eq!((dataset.validation(0, 2).scored, dataset.validation_rows()), (0, 0));
                assert_eq!(dataset.prompt(), [ids[0]]);
            }
        }
    }
    // The held-out part is the one that a run holds out, also of a text too short to train on.
    std::fs::write(&path, line.repeat(9)).unwrap();
    let kept = to_score(&path, &bpe, 8, Part::HeldOut).unwrap();
    let tokenizer = TokenizerChoice::Use(bpe.clone());
    let source = Source::Path(path.clone());
    let options = Options { source, tokenizer, vocab_size: 300, context: 8, seed: 1 };
    let trained = prepare(options, &mut |_| {}).unwrap();
    assert_eq!(kept.validation(0, 9), trained.validation(0, 9));
    assert_eq!(scored(&kept), scored(&trained));
    assert!(to_score(&path, &bpe, 1000, Part::HeldOut).unwrap().validation(0, 1).scored > 1);
    // One character over and over teaches nothing, and can be scored.
    std::fs::write(&path, "aaaa").unwrap();
    assert_eq!(scored(&to_score(&path, &char, 8, Part::Whole).unwrap()).len(), 3);
    std::fs::write(&path, "a").unwrap();
    let error = to_score(&path, &char, 8, Part::Whole).unwrap_err();
    assert!(matches!(error, DataError::NothingToScore { tokens: 1, .. }), "{error}");
    std::fs::write(&path, "").unwrap();
    let error = to_score(&path, &char, 8, Part::Whole).unwrap_err();
    assert!(matches!(error, DataError::Empty { .. }), "{error}");
}

#[test]
fn a_text_has_a_digest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("text.txt");
    let digest = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let dataset = text_at(folder.path(), TokenizerKind::Char, 4).unwrap();
        dataset.digest().unwrap().to_owned()
    };
    let text = "some text to be told from another ".repeat(4);
    let first = digest(&text);
    assert_eq!(first.len(), 64);
    assert_eq!(digest(&text), first);
    assert_ne!(digest(&text.replacen("some", "sume", 1)), first);
    // The same letters in two files are another text.
    std::fs::write(folder.path().join("z.txt"), " ").unwrap();
    assert_ne!(digest(text.trim_end()), first);
    assert_eq!(stories_at(64, 512, 1).digest(), None);
}

#[test]
fn complaints_know_no_flags() {
    let path = || "a.txt".into();
    let errors = [
        DataError::Missing { path: path() },
        DataError::Special { path: path(), kind: strata_files::Kind::Folder },
        DataError::TooShort { path: path(), part: "training", tokens: 1, context: 8, needed: 9 },
        DataError::UnknownCharacter { character: 'x', at: 0 },
        DataError::UnknownByte { byte: 0, at: 0 },
        DataError::StoryCharacter { character: 'x' },
        DataError::NothingToScore { path: path(), tokens: 1 },
    ];
    for error in errors {
        assert!(!error.to_string().contains("--"), "{error}");
    }
    let gone = Tokenizer::load(Path::new("nowhere/tokenizer.json")).unwrap_err().to_string();
    assert!(gone.contains("tokenizer.json") && !gone.contains("stories"), "{gone}");
}

/// The error for this file, which must name it.
fn refused(bytes: &[u8], context: usize) -> DataError {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.txt");
    std::fs::write(&path, bytes).unwrap();
    let error = text_at(&path, TokenizerKind::Bpe, context).unwrap_err();
    assert!(error.to_string().contains("data.txt"), "{error}");
    error
}

#[test]
fn bad_texts_are_refused_by_name() {
    assert!(matches!(refused(b"", 8), DataError::Empty { .. }));
    assert!(matches!(refused(b"aaaaaaa", 8), DataError::OneCharacter { count: 7, .. }));
    assert!(matches!(refused(b"a", 8), DataError::OneCharacter { count: 1, .. }));
    assert!(matches!(refused(b"text\xff", 8), DataError::NotText { at: 4, byte: 0xff, .. }));
    assert!(matches!(refused(b"zero\0", 8), DataError::NotText { at: 4, byte: 0, .. }));
    assert!(matches!(refused(b"too short", 256), DataError::TooShort { part: "training", .. }));

    let nowhere = text_at(Path::new("/no/such/file"), TokenizerKind::Char, 8).unwrap_err();
    assert!(matches!(nowhere, DataError::Missing { .. }));
    let folder = tempfile::tempdir().unwrap();
    let none = text_at(folder.path(), TokenizerKind::Char, 8).unwrap_err();
    assert!(matches!(none, DataError::NoText { skipped: 0, .. }));
}

#[test]
fn bad_numbers_are_refused() {
    let ask = |vocab_size, context| {
        let tokenizer = TokenizerChoice::Train(TokenizerKind::Bpe);
        let source = Source::Stories;
        prepare(Options { source, tokenizer, vocab_size, context, seed: 0 }, &mut |_| {})
    };
    assert!(matches!(ask(4096, 0), Err(DataError::Context { context: 0, .. })));
    assert!(matches!(ask(4096, usize::MAX), Err(DataError::Context { .. })));
    assert!(matches!(ask(0, 256), Err(DataError::Vocabulary { asked: 0, .. })));
    assert!(matches!(ask(256, 256), Err(DataError::Vocabulary { .. })));
    // One position a row is silly, but it works.
    assert_eq!(ask(300, 1).unwrap().train(0, 3).scored, 3);
}

#[test]
fn a_text_that_runs_out_of_merges_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data.txt");
    std::fs::write(&path, "ab ".repeat(200)).unwrap();
    let dataset = text_at(&path, TokenizerKind::Bpe, 8).unwrap();
    assert!(dataset.notes()[0].contains("ran out of merges"), "{:?}", dataset.notes());
    assert!(dataset.tokenizer().vocab_size() < 300);
}
