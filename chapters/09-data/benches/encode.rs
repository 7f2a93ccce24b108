//! How fast is the tokenizer, in bytes of text a second?

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use strata_data::{Tokenizer, stories};

fn encode(criterion: &mut Criterion) {
    let text: Vec<String> = stories::Generator::new(1).take(1000).map(|s| s.text).collect();
    let text = text.join("\n");
    let (full, _) = Tokenizer::train(&[text.as_bytes()], 4096).expect("257 is below 4096");
    let (small, _) = Tokenizer::train(&[text.as_bytes()], 512).expect("257 is below 512");
    let mut group = criterion.benchmark_group("tokenizer");
    group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
    group.bench_function("train 4096", |b| {
        b.iter(|| Tokenizer::train(&[black_box(text.as_bytes())], 4096));
    });
    // Every word is a token: a look-up each.
    group.bench_function("encode, whole words", |b| {
        b.iter(|| full.encode(black_box(text.as_bytes())))
    });
    // Most words are several: the heap at work.
    group.bench_function("encode, 512 tokens", |b| {
        b.iter(|| small.encode(black_box(text.as_bytes())))
    });
    let ids = full.encode(text.as_bytes()).expect("BPE knows every byte");
    group.bench_function("decode", |b| b.iter(|| full.decode(black_box(&ids))));
    group.finish();
}

fn tell(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("stories");
    group.sample_size(10);
    group.bench_function("tell 64", |b| {
        b.iter(|| (0..64).map(|index| stories::Generator::story(1, index)).collect::<Vec<_>>());
    });
    let story = stories::Generator::story(1, 0).text;
    group.bench_function("derive one", |b| b.iter(|| stories::log_prob(black_box(&story))));
    group.finish();
}

criterion_group!(benches, encode, tell);
criterion_main!(benches);
