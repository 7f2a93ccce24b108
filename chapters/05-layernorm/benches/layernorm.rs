//! `cargo bench -p strata-layernorm`: one layer's LayerNorm, forward and backward, per rung.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use strata_device::{Device, Settings};
use strata_layernorm::{ParameterGrads, layernorm_backward, layernorm_forward};
use strata_tensor::Tensor;

fn layernorm(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    // Batch 4, context 256, width 384.
    let (rows, width) = (1024, 384);
    let bytes = 4 * (rows * width) as u64;
    for rung in ["1_naive", "2_block"] {
        let forced = device.with_rung("layernorm", rung).with_rung("layernorm_backward", rung);
        let x = Tensor::randn(&forced, &[rows, width], 1).expect("1.5 MB");
        let dy = Tensor::randn(&forced, &[rows, width], 2).expect("1.5 MB");
        let gamma = Tensor::ones(&forced, &[width]).expect("small");
        let beta = Tensor::ones(&forced, &[width]).expect("small");
        let mut group = c.benchmark_group("layernorm");
        group.throughput(Throughput::Bytes(2 * bytes));
        group.bench_function(format!("forward/{rung}"), |b| {
            b.iter(|| layernorm_forward(&x, &gamma, &beta, 1e-5).expect("runs"));
        });
        let done = layernorm_forward(&x, &gamma, &beta, 1e-5).expect("runs");
        let to = ParameterGrads {
            dgamma: Tensor::ones(&forced, &[width]).expect("small"),
            dbeta: Tensor::ones(&forced, &[width]).expect("small"),
            accumulate: false,
        };
        group.throughput(Throughput::Bytes(3 * bytes));
        group.bench_function(format!("backward/{rung}"), |b| {
            b.iter(|| {
                layernorm_backward(&x, &gamma, &done.mean, &done.rstd, &dy, Some(&to))
                    .expect("runs")
            });
        });
        group.finish();
    }
}

criterion_group!(benches, layernorm);
criterion_main!(benches);
