//! `cargo bench -p strata-gelu`: GELU of one layer's activations, forward and backward, per rung.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use strata_device::{Device, Settings};
use strata_gelu::{gelu_backward, gelu_forward};
use strata_tensor::Tensor;

fn gelu(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    // Batch 4, context 256, width 4 * 384.
    let shape = [1024, 1536];
    let n: usize = shape.iter().product();
    for rung in ["1_naive", "2_vectorized"] {
        let forced = device.with_rung("gelu", rung).with_rung("gelu_backward", rung);
        let x = Tensor::randn(&forced, &shape, 1).expect("6 MB");
        let dy = Tensor::randn(&forced, &shape, 2).expect("6 MB");
        let mut group = c.benchmark_group("gelu");
        group.throughput(Throughput::Bytes(8 * n as u64));
        group.bench_function(format!("forward/{rung}"), |b| {
            b.iter(|| gelu_forward(&x).expect("runs"));
        });
        group.throughput(Throughput::Bytes(12 * n as u64));
        group.bench_function(format!("backward/{rung}"), |b| {
            b.iter(|| gelu_backward(&x, &dy).expect("runs"));
        });
        group.finish();
    }
}

criterion_group!(benches, gelu);
criterion_main!(benches);
