//! `cargo bench -p strata-adamw`: one step of each optimizer over `gpt-12m`'s arena.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use strata_adamw::{AdamW, AdamWConfig, Sgd, SgdConfig, global_norm};
use strata_autograd::{Init, ParamBuilder};
use strata_device::{Device, Settings, StepState};

fn optimizers(c: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    let n = 12_318_720;
    let builder = ParamBuilder::new();
    builder.param("all", &[n], Init::Uniform(0.02), true);
    let parameters = builder.build(&device, 1).expect("100 MB");
    let state = StepState { step: 10, lr: 1e-3, ..StepState::default() };
    let state = device.step_state(state).expect("32 bytes");
    let mut group = c.benchmark_group("step");
    group.sample_size(20);

    // The norm reads the gradients once, then AdamW reads four arenas and writes three.
    group.throughput(Throughput::Bytes(32 * n as u64));
    let adamw = AdamW::new(&parameters, AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() });
    let adamw = adamw.expect("100 MB");
    group.bench_function("adamw", |b| b.iter(|| adamw.step(&state).expect("runs")));

    group.throughput(Throughput::Bytes(24 * n as u64));
    let sgd = Sgd::new(&parameters, SgdConfig { momentum: 0.9, ..SgdConfig::default() });
    let sgd = sgd.expect("50 MB");
    group.bench_function("momentum", |b| b.iter(|| sgd.step(&state).expect("runs")));

    let grads = parameters.grads().expect("an arena");
    group.throughput(Throughput::Bytes(4 * n as u64));
    group.bench_function("norm", |b| b.iter(|| global_norm(&grads).expect("runs")));
    group.finish();
}

criterion_group!(benches, optimizers);
criterion_main!(benches);
