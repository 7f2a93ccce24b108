//! Texts, tokenizers, checkpoints, readers' kernels and answers: what a user feeds.

use crate::{Case, Work};
use std::hint::black_box;
use strata_ml::data::{
    Options, Source, Tokenizer, TokenizerChoice, TokenizerKind, prepare, stories,
};
use strata_ml::device::{Device, Settings, vet};
use strata_ml::tensor::DType;
use strata_ml::transformer::checkpoint::{self, NamedTensor, read_tensors, write_tensors};
use strata_ml::transformer::{Generator, Gpt, GptConfig, Sampling};

pub fn cases() -> Vec<Case> {
    let case = |name, n, make| Case { name, n, make };
    vec![
        case("tokenizer of one letter", 100_000, |n| train("a".repeat(n))),
        case("tokenizer of two letters", 100_000, |n| train("ab".repeat(n / 2))),
        case("tokenizer of random letters", 100_000, |n| train(letters(n))),
        case("tokenizer of words", 200_000, |n| train(words(n))),
        case("tokenizer of other words", 100_000, |n| train(numbers(n))),
        case("encoding one letter", 100_000, |n| {
            encode(train_on("ab".repeat(2000)), "a".repeat(n))
        }),
        case("encoding random letters", 25_000, |n| encode(train_on(letters(20_000)), letters(n))),
        case("encoding words", 400_000, |n| encode(train_on(words(20_000)), words(n))),
        case("decoding", 100_000, |n| {
            let tokenizer = train_on(words(20_000));
            let ids = tokenizer.encode(words(n).as_bytes()).expect("ids");
            Box::new(move || drop(black_box(tokenizer.decode(&ids))))
        }),
        case("a tokenizer's file", 10_000, |n| {
            let (tokenizer, _) =
                Tokenizer::train(&[numbers(40 * n).as_bytes()], 256 + n).expect("a tokenizer");
            let json = tokenizer.to_json();
            Box::new(move || drop(black_box(Tokenizer::from_json(&json).expect("a tokenizer"))))
        }),
        case("a text, by characters", 400_000, |n| dataset(words(n), TokenizerKind::Char)),
        case("a text of short documents", 100_000, |n| {
            dataset("a b\n\n".repeat(n / 5), TokenizerKind::Bpe)
        }),
        case("stories", 500, |n| {
            Box::new(move || {
                (0..n as u64).for_each(|i| drop(black_box(stories::Generator::story(1, i))))
            })
        }),
        case("a file of many tensors", 2000, |n| {
            let one = |i| NamedTensor {
                name: format!("layer.{i}.weight"),
                shape: vec![4],
                data: vec![1.0; 4],
            };
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join("model.safetensors");
            let all: Vec<NamedTensor> = (0..n).map(one).collect();
            Box::new(move || {
                let bytes = write_tensors(&all).expect("bytes");
                std::fs::write(&path, bytes).expect("a file");
                assert_eq!(read_tensors(&path).expect("tensors").len(), all.len());
                let _ = &folder;
            })
        }),
        case("a checkpoint of many layers", 16, |n| {
            let device = cpu();
            let model = Gpt::new(&shape(n, 64), &device, 1).expect("a model");
            let tokenizer = train_on(words(2000));
            let folder = tempfile::tempdir().expect("a folder");
            Box::new(move || {
                checkpoint::save_model(folder.path(), &model, &tokenizer, DType::F32)
                    .expect("a save");
                drop(black_box(checkpoint::load(folder.path(), &device).expect("a model")));
            })
        }),
        case("generating, layers", 8, |n| {
            let model = Gpt::new(&shape(n, 64), &cpu(), 1).expect("a model");
            Box::new(move || {
                let mut writer = Generator::new(&model, Sampling::default()).expect("a writer");
                (0..16).for_each(|_| drop(black_box(writer.read(&[7]).expect("logits"))));
            })
        }),
        case("a kernel's text, WGSL", 2000, |n| {
            let text = "let a = 1u + 2u;\n".repeat(n / 8);
            Box::new(move || drop(black_box(vet::wgsl(&text))))
        }),
        case("a kernel's text, CUDA", 2000, |n| {
            let text = "int a = (1 + 2) * 3;\n".repeat(n / 8);
            Box::new(move || drop(black_box(vet::cuda(&text, &[]))))
        }),
        case("an answer's text", 2000, |n| {
            let text = "fn f() {\n    loop { break; }\n}\n".repeat(n);
            Box::new(move || drop(black_box(strata_judges::stub::clean("answer.rs", &text))))
        }),
        case("escaping a text", 400_000, |n| {
            let text = "a\u{1b}[2J".repeat(n / 5);
            Box::new(move || drop(black_box(strata_files::printable(&text).to_string())))
        }),
    ]
}

fn cpu() -> Device {
    Device::open("cpu", Settings::default()).expect("a processor")
}

fn shape(n_layer: usize, n_positions: usize) -> GptConfig {
    GptConfig {
        vocab_size: 512,
        n_positions,
        n_embd: 32,
        n_layer,
        n_head: 2,
        layer_norm_epsilon: 1e-5,
    }
}

/// Letters without an end of a word.
fn letters(n: usize) -> String {
    let letter = |i: u32| char::from(b'a' + (i.wrapping_mul(2_654_435_761) >> 16) as u8 % 26);
    (0..n as u32).map(letter).collect()
}

/// The same few words again and again.
fn words(n: usize) -> String {
    "one two three four five six seven eight nine ten ".repeat(n / 49 + 1)[..n].to_string()
}

/// Ever other words.
fn numbers(n: usize) -> String {
    let mut text = String::new();
    let mut i = 0u32;
    while text.len() < n {
        text.push_str(&format!("w{:x} ", i.wrapping_mul(2_654_435_761)));
        i += 1;
    }
    text
}

fn train_on(text: String) -> Tokenizer {
    Tokenizer::train(&[text.as_bytes()], 512).expect("a tokenizer").0
}

fn train(text: String) -> Work {
    Box::new(move || {
        drop(black_box(Tokenizer::train(&[text.as_bytes()], 512).expect("a tokenizer")))
    })
}

fn encode(tokenizer: Tokenizer, text: String) -> Work {
    Box::new(move || drop(black_box(tokenizer.encode(text.as_bytes()).expect("ids"))))
}

fn dataset(text: String, kind: TokenizerKind) -> Work {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("text.txt");
    std::fs::write(&path, text).expect("a text");
    Box::new(move || {
        let options = Options {
            source: Source::Path(path.clone()),
            tokenizer: TokenizerChoice::Train(kind),
            vocab_size: 300,
            context: 16,
            seed: 1,
        };
        drop(black_box(prepare(options, &mut |_| ()).expect("a dataset")));
        let _ = &folder;
    })
}
