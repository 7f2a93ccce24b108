//! What memory allows: vector add, a transposing copy and reductions, against the bytes they must
//! move. `cargo bench -p strata-tensor`; `STRATA_DEVICE` picks the device.
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use strata_device::{Device, Settings};
use strata_tensor::{Tensor, ops};

fn tensor_ops(c: &mut Criterion) {
    let (device, why) = Device::best(Settings::default()).expect("STRATA_DEVICE names a device");
    eprintln!("{why}");
    let side = 2048;
    let n = side * side;
    let make = |seed| Tensor::randn(&device, &[side, side], seed).expect("room for 16 MiB");
    let (a, b) = (make(1), make(2));
    let turned = a.t().expect("a matrix");
    let mut run = |name: &str, bytes: usize, op: &dyn Fn() -> strata_tensor::Result<Tensor>| {
        let mut group = c.benchmark_group("01-tensor");
        group.throughput(Throughput::Bytes(bytes as u64)).sample_size(20);
        group.bench_function(name, |bench| {
            bench.iter(|| {
                black_box(op()).expect("the op");
                device.synchronize().expect("the device");
            });
        });
        group.finish();
    };
    run("vector add, 4 Mi elements", 12 * n, &|| a.add(&b));
    run("add a row to every row", 8 * n, &|| a.add(&b.narrow(0, 0, 1)?));
    run("transposing copy, 2048 x 2048", 8 * n, &|| ops::copy(&turned));
    run("tanh, 4 Mi elements", 8 * n, &|| a.tanh());
    run("sum of everything", 4 * n, &|| a.sum_all());
    run("sums of rows", 4 * n, &|| a.sum(&[1], false));
    run("sums of columns", 4 * n, &|| a.sum(&[0], false));
}

criterion_group!(benches, tensor_ops);
criterion_main!(benches);
