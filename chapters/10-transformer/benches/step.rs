//! A training step and a generated token of gpt-nano on the CPU.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use strata_data::{Options, Source, TokenizerChoice, TokenizerKind, prepare};
use strata_device::{Device, Settings};
use strata_transformer::train::{Length, TrainConfig, Trainer};
use strata_transformer::{Generator, Gpt, GptConfig, Sampling};

fn step(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    let model = GptConfig::preset("gpt-nano").expect("a preset");
    let config = TrainConfig {
        batch: 16,
        accumulate: 1,
        context: model.n_positions,
        length: Length::Steps(1000),
        lr: 1e-3,
        schedule: "constant".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 1,
        eval_every: 1000,
        eval_batches: 1,
        model: model.clone(),
    };
    let options = Options {
        source: Source::Stories,
        tokenizer: TokenizerChoice::Train(TokenizerKind::Bpe),
        vocab_size: model.vocab_size,
        context: config.context,
        seed: 1,
    };
    let data = prepare(options, &mut |_| ()).expect("stories need nothing");
    let fresh = Gpt::new(&model, &device, 1).expect("a preset fits");
    let mut trainer = Trainer::new(fresh, config.clone()).expect("a valid configuration");
    let batch = data.train(0, config.batch);
    let mut group = c.benchmark_group("gpt-nano");
    group.throughput(Throughput::Elements((config.batch * config.context) as u64));
    group.bench_function("training step", |b| {
        b.iter(|| trainer.step(&batch, 1e-3).expect("a finite loss"));
    });
    group.throughput(Throughput::Elements(1));
    let writer = trainer.model();
    let mut generator = Generator::new(writer, Sampling::default()).expect("a valid sampling");
    let mut logits = generator.read(&[0]).expect("token 0 exists");
    group.bench_function("generated token", |b| {
        b.iter(|| logits = generator.next(&logits).expect("a token").1);
    });
}

criterion_group!(benches, step);
criterion_main!(benches);
