//! What the tape itself costs: a chain of ops on one element, so that the arithmetic is nothing.
use criterion::{Criterion, criterion_group, criterion_main};
use strata_autograd::Var;
use strata_device::{Device, Settings};
use strata_tensor::Tensor;

fn chain(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    let x = Var::leaf(Tensor::ones(&device, &[]).expect("one element"));
    c.bench_function("forward and backward of 100 ops", |b| {
        b.iter(|| {
            let mut y = x.clone();
            for _ in 0..100 {
                y = y.affine(1.0, 0.0).expect("f32");
            }
            y.backward().expect("one element");
        });
    });
}

criterion_group!(benches, chain);
criterion_main!(benches);
