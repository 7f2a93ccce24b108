//! `cargo bench -p strata-attention`: one layer's attention at the sizes of gpt-12m, per rung.
use criterion::{Criterion, criterion_group, criterion_main};
use strata_attention::{Options, backward_qkv, forward, split_qkv};
use strata_device::{Device, Settings};
use strata_tensor::Tensor;

fn attention(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    let (batch, rows, heads, width) = (4, 256, 6, 384);
    let options = Options::causal();
    for rung in ["1_naive", "3_flash1"] {
        let forced = device.with_rung("attention", rung).with_rung("attention_backward", rung);
        let qkv = Tensor::randn(&forced, &[batch, rows, 3 * width], 1).expect("5 MB");
        let [q, k, v] = split_qkv(&qkv, heads).expect("six heads of 64");
        let attended = forward(&q, &k, &v, &options).expect("runs");
        let d_out = Tensor::randn(&forced, attended.out.shape(), 2).expect("2 MB");
        let mut group = c.benchmark_group("attention");
        group.sample_size(20);
        group.bench_function(format!("forward/{rung}"), |b| {
            b.iter(|| forward(&q, &k, &v, &options).expect("runs"));
        });
        group.bench_function(format!("backward/{rung}"), |b| {
            b.iter(|| backward_qkv(&qkv, heads, &attended, &d_out, &options).expect("runs"));
        });
        group.finish();
    }
}

criterion_group!(benches, attention);
criterion_main!(benches);
