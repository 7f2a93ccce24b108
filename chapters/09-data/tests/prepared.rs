//! Stories and texts, from path to batch.

use std::path::Path;
use strata_data::{
    Batch, DataError, Dataset, IGNORE, Options, Source, TokenizerChoice, TokenizerKind, prepare,
    stories,
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
    let (whole, cut) = (stories_at(256, 4096, 5), stories_at(64, 4096, 5));
    assert!(cut.notes().iter().any(|note| note.contains("cut off")), "{:?}", cut.notes());
    let (whole, cut) = (whole.validation(0, 32), cut.validation(0, 32));
    let floors = (whole.floor_nats.unwrap(), cut.floor_nats.unwrap());
    assert_eq!(cut.scored, 32 * 64);
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
        assert!(text.len() - whole.len() < 16 && whole.ends_with(&seen), "{kind}");
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
    let firsts: Vec<char> = "cdefinorst".chars().chain([' ']).collect();
    assert_eq!(dataset.tokenizer().vocab_size(), firsts.len() + 1);
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
