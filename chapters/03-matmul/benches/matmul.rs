//! The products of a 12-million-parameter GPT on this processor: forward (n·n), the gradient of the
//! input (n·t) and of the weight (t·n). Throughput counts a multiplication and an addition as two.
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use strata_device::{Device, Settings};
use strata_matmul::{Epilogue, column_sum, gemm_into};
use strata_tensor::{DType, Tensor};

/// Rows, columns and inner dimension, and which operand is a transposed view.
const SHAPES: [(usize, usize, usize, &str); 11] = [
    (1024, 1152, 384, "nn"),
    (1024, 384, 384, "nn"),
    (1024, 1536, 384, "nn"),
    (1024, 384, 1536, "nn"),
    (1024, 4096, 384, "nt"),
    (1024, 384, 1536, "nt"),
    (384, 1536, 1024, "tn"),
    (4096, 384, 1024, "tn"),
    (2048, 2048, 2048, "nn"),
    // One token at a time.
    (1, 1536, 384, "nn"),
    (1, 4096, 384, "nt"),
];

fn matrix(device: &Device, rows: usize, columns: usize, transposed: bool) -> Tensor {
    let draw = |shape: [usize; 2]| Tensor::randn(device, &shape, 1).expect("memory");
    match transposed {
        true => draw([columns, rows]).t().expect("two dimensions"),
        false => draw([rows, columns]),
    }
}

fn products(criterion: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    let mut group = criterion.benchmark_group("matmul/2_threaded");
    for (m, n, k, kind) in SHAPES {
        let a = matrix(&device, m, k, kind.starts_with('t'));
        let b = matrix(&device, k, n, kind.ends_with('t'));
        let c = Tensor::empty(&device, DType::F32, &[m, n]).expect("memory");
        group.throughput(Throughput::Elements((2 * m * n * k) as u64));
        group.bench_function(BenchmarkId::from_parameter(format!("{m}x{n}x{k} {kind}")), |bench| {
            bench.iter(|| gemm_into(&c, &a, &b, Epilogue::default()).expect("a product"));
        });
    }
    group.finish();
}

fn column_sums(criterion: &mut Criterion) {
    let device = Device::open("cpu", Settings::default()).expect("the CPU is always there");
    let mut group = criterion.benchmark_group("column_sum/1_naive");
    let (x, out) = (matrix(&device, 1024, 1536, false), matrix(&device, 1, 1536, false));
    let out = out.squeeze(0).expect("one row");
    group.throughput(Throughput::Bytes(4 * 1024 * 1536));
    group.bench_function("1024x1536", |bench| {
        bench.iter(|| column_sum(&out, &x, true).expect("a sum"));
    });
    group.finish();
}

criterion_group!(benches, products, column_sums);
criterion_main!(benches);
