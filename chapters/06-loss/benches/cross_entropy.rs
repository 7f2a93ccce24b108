//! `cargo bench -p strata-loss`: cross-entropy of a training step's logits, per rung.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use strata_device::{Device, Settings};
use strata_loss::{cross_entropy_backward, cross_entropy_forward};
use strata_tensor::Tensor;

fn cross_entropy(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    // Batch 4, context 256, vocabulary 4096.
    let (rows, vocabulary) = (1024, 4096);
    let bytes = 4 * (rows * vocabulary) as u64;
    for [forward, backward] in [["1_naive"; 2], ["2_online", "2_block"]] {
        let forced = device.with_rung("cross_entropy", forward);
        let forced = forced.with_rung("cross_entropy_backward", backward);
        let logits = Tensor::randn(&forced, &[rows, vocabulary], 1).expect("16 MB");
        let targets: Vec<u32> = (0..rows as u32).collect();
        let targets = Tensor::from_slice(&forced, &targets, &[rows]).expect("4 KB");
        let one = Tensor::ones(&forced, &[]).expect("small");
        let mut group = c.benchmark_group("cross_entropy");
        group.throughput(Throughput::Bytes(bytes));
        group.bench_function(format!("forward/{forward}"), |b| {
            b.iter(|| cross_entropy_forward(&logits, &targets).expect("runs"));
        });
        let loss = cross_entropy_forward(&logits, &targets).expect("runs");
        group.throughput(Throughput::Bytes(2 * bytes));
        group.bench_function(format!("backward/{backward}"), |b| {
            b.iter(|| cross_entropy_backward(&logits, &targets, &loss, &one, 1.0).expect("runs"));
        });
        group.finish();
    }
}

criterion_group!(benches, cross_entropy);
criterion_main!(benches);
