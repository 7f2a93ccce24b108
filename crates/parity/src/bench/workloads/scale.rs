//! Ops at sizes from small to large, for the plots of their ladders.

use crate::Outcome;
use crate::bench::workload::{Run, noise};
use strata_ml::device::Device;
use strata_ml::gelu::gelu_forward;
use strata_ml::layernorm::layernorm_forward;
use strata_ml::loss::softmax_forward;
use strata_ml::matmul::{Epilogue, gemm_into};
use strata_ml::tensor::ops::{self, Map};
use strata_ml::tensor::{DType, Tensor};

/// An op over a range of sizes.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The op.
    pub op: &'static str,
    /// What a size counts.
    pub unit: &'static str,
    /// The sizes, small to large.
    pub sizes: &'static [usize],
    /// Work grows with this power of the size.
    pub power: i32,
    /// Elements of the largest tensor.
    pub elements: fn(usize) -> usize,
    /// Makes inputs on a device, and the call.
    pub build: fn(usize, &Device) -> Outcome<Run>,
}

/// All that there are.
pub static SCALES: [Scale; 5] = [
    Scale {
        op: "matmul",
        unit: "rows, columns and terms of square matrices",
        sizes: &[256, 512, 1024, 2048, 4096],
        power: 3,
        elements: |n| n * n,
        build: square,
    },
    elementwise("map", |n, device| {
        let x = noise(device, &[n])?;
        let shape = format!("tanh of {:?}", x.shape());
        Run::new(shape, move || Ok(ops::map(Map::Tanh, &x, 0.0, 0.0).map(drop)?))
    }),
    elementwise("gelu", |n, device| {
        let x = noise(device, &[n])?;
        Run::new(label(&x), move || Ok(gelu_forward(&x).map(drop)?))
    }),
    elementwise("layernorm", |n, device| {
        let x = rows(n, device)?;
        let width = [x.shape()[1]];
        let (gamma, beta) = (noise(device, &width)?, noise(device, &width)?);
        Run::new(label(&x), move || Ok(layernorm_forward(&x, &gamma, &beta, 1e-5).map(drop)?))
    }),
    elementwise("softmax", |n, device| {
        let x = rows(n, device)?;
        Run::new(label(&x), move || Ok(softmax_forward(&x).map(drop)?))
    }),
];

const fn elementwise(op: &'static str, build: fn(usize, &Device) -> Outcome<Run>) -> Scale {
    const SIZES: [usize; 8] =
        [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26];
    Scale { op, unit: "elements", sizes: &SIZES, power: 1, elements: |n| n, build }
}

fn label(x: &Tensor) -> String {
    format!("{:?}", x.shape())
}

/// So many elements in rows of 1024.
fn rows(n: usize, device: &Device) -> Outcome<Tensor> {
    let width = n.min(1024);
    noise(device, &[n / width, width])
}

fn square(n: usize, device: &Device) -> Outcome<Run> {
    let (a, b) = (noise(device, &[n, n])?, noise(device, &[n, n])?);
    let out = Tensor::empty(device, DType::F32, &[n, n])?;
    Run::new(format!("[{n}, {n}] by [{n}, {n}]"), move || {
        Ok(gemm_into(&out, &a, &b, Epilogue::default())?)
    })
}
