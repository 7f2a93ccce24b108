//! Texts as data, grammars, and what is shown of them.

use super::{INSIDE, is_harmless, laid, pack};
use crate::{Pack, Random, Target, mutate, seeds, targets::tiny};
use strata_files::{printable, printable_lines};
use strata_ml::data::random::Stream;
use strata_ml::data::stories::Grammar;
use strata_ml::data::{
    IGNORE, Options, Part, Source, Tokenizer, TokenizerChoice, TokenizerKind, prepare,
    prepare_to_score,
};

pub fn targets() -> Vec<Target> {
    vec![
        Target {
            name: "text",
            about: "a text or a folder of texts as data: tokenizer, batches, evaluation",
            run: text,
            seeds: texts,
            mutate: pack,
            share: 4,
            ..INSIDE
        },
        Target {
            name: "grammar",
            about: "a grammar of stories, told and measured",
            run: grammar,
            seeds: grammars,
            mutate: |data, random| mutate::text(data, random, &GRAMMAR),
            ..INSIDE
        },
        Target {
            name: "printable",
            about: "any text, made safe for a terminal",
            run: shown,
            seeds: || vec!["a\u{1b}[31mb\u{9b}2J\r\n\t\u{202e}é\u{7f}".into(), b"plain".to_vec()],
            mutate: words,
            share: 1,
            ..INSIDE
        },
    ]
}

fn words(data: &mut Vec<u8>, random: &mut Random) {
    mutate::text(data, random, &mutate::WORDS);
}

fn texts() -> Vec<Vec<u8>> {
    let prose = "Once upon a time there was a cat. The cat sat on the mat, é 日本 😀.\n".repeat(4);
    let with = |how: &str| Pack::default().with("how", how).with("data/a.txt", prose.clone());
    let tokenizer = tiny().get("tokenizer.json").unwrap_or_default().to_vec();
    let characters = Tokenizer::characters(&["Once upon a time, the cat."]).to_json();
    vec![
        with("bpe 300 8 1").bytes(),
        with("char 300 4 7").with("data/b.md", "more of it, and more of it").bytes(),
        with("use 300 8 2").with("tokenizer.json", tokenizer.clone()).bytes(),
        with("use 300 8 2").with("tokenizer.json", characters.clone()).bytes(),
        with("stories 300 16 2").with("tokenizer.json", tokenizer).bytes(),
        with("stories 300 16 2").with("tokenizer.json", characters).bytes(),
    ]
}

/// `how` says the tokenizer, the vocabulary, the context and the seed.
fn text(bytes: &[u8]) {
    let pack = Pack::parse(bytes);
    let how = pack.text("how");
    let words: Vec<&str> = how.split_whitespace().collect();
    let number = |i: usize| words.get(i).and_then(|w| w.parse::<u64>().ok()).unwrap_or(1 << i);
    let folder = laid(&pack);
    let tokenizer = match words.first() {
        Some(&"char") => TokenizerChoice::Train(TokenizerKind::Char),
        Some(&("use" | "stories")) => match Tokenizer::load(&folder.join("tokenizer.json")) {
            Ok(tokenizer) => TokenizerChoice::Use(tokenizer),
            Err(error) => return is_harmless(&error.to_string()),
        },
        _ => TokenizerChoice::Train(TokenizerKind::Bpe),
    };
    let source = match words.first() {
        Some(&"stories") => Source::Stories,
        _ => Source::Path(folder.join("data")),
    };
    let options = Options {
        source,
        tokenizer,
        // Training's own work grows with it, as it should.
        vocab_size: (number(1) as usize).min(1 << 12),
        context: number(2) as usize,
        seed: number(3),
    };
    // A model that is scored has its tokenizer.
    let known = matches!(options.tokenizer, TokenizerChoice::Use(_));
    for part in [Part::Whole, Part::HeldOut].into_iter().filter(|_| known) {
        match prepare_to_score(options.clone(), part, &mut |_| {}) {
            Ok(data) if data.context() <= 1 << 12 => {
                let (whole, kept) = (data.whole(0, 2), data.validation(0, 2));
                assert!(whole.scored + kept.scored > 0, "a text of which nothing is scored");
            }
            Ok(_) => {}
            Err(error) => is_harmless(&error.to_string()),
        }
    }
    let data = match prepare(options, &mut |_| {}) {
        Ok(data) => data,
        Err(error) => return is_harmless(&error.to_string()),
    };
    let size = data.tokenizer().vocab_size() as u32;
    // Larger contexts are right, and slow.
    if data.context() > 1 << 12 {
        return;
    }
    let batches =
        [data.train(0, 2), data.train(u64::MAX, 1), data.validation(0, 2), data.whole(0, 2)];
    for batch in batches {
        assert_eq!(batch.inputs.len(), batch.batch * batch.context);
        assert!(batch.inputs.iter().all(|&id| id < size), "an id beyond the vocabulary");
        let known = |&id: &u32| id == IGNORE || id < size;
        assert!(batch.targets.iter().all(known), "a target beyond the vocabulary");
    }
    let beyond = data.validation(usize::MAX, 1);
    assert_eq!(beyond.scored, 0);
    let _ = (
        data.validation_batches(0),
        data.whole_batches(3),
        data.tokenizer().decode(&data.prompt()),
    );
    data.notes().iter().for_each(|note| is_harmless(note));
}

const GRAMMAR: [&str; 14] = [
    "table ",
    "rule ",
    "rule story\n",
    "\n",
    " | ",
    "{",
    "}",
    "{hero=",
    "<",
    ">",
    "[",
    "]",
    "|",
    "1 ",
];

fn grammars() -> Vec<Vec<u8>> {
    let small = "table name | it\nAda | she\nBob | he\n\nrule story\n1 {hero=name} slept. <end/hero>\n\
                 3 {Hero} [ran|sat [down|up]]. <end/hero>\n\nrule end/Ada\n1 {hero.it} woke.\n\
                 rule end/Bob\n2 The end.\n";
    vec![small.into(), seeds::file("chapters/09-data/src/stories/valley.grammar")]
}

fn grammar(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let grammar = match Grammar::parse(&text) {
        Ok(grammar) => grammar,
        Err(error) => return is_harmless(&printable(&error.to_string())),
    };
    let told = grammar.tell(&mut Stream::tagged(1, 2, 3));
    // A grammar may nest choices so that a story has no end in sight; only what is short is measured.
    if bytes.len() < 1 << 12 && told.text.len() < 1 << 10 {
        assert!(told.log_prob() <= 1e-9, "a probability above one");
    }
}

fn shown(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let one = printable(&text);
    assert!(!one.contains('\n'), "a line break in one line");
    is_harmless(&one);
    is_harmless(&printable_lines(&text));
}
