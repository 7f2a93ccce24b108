//! Ops at sizes from small to large, for the plots of their ladders.

use crate::Outcome;
use crate::bench::workload::{Run, indices, noise};
use strata_ml::adamw::{AdamWConfig, adamw};
use strata_ml::attention::{Options, backward_qkv, forward, split_qkv};
use strata_ml::device::{Device, StepState};
use strata_ml::gelu::{gelu_backward, gelu_forward};
use strata_ml::layernorm::{
    ParameterGrads, layernorm_backward, layernorm_forward, residual_layernorm_forward,
};
use strata_ml::loss::{cross_entropy_backward, cross_entropy_forward, softmax_forward};
use strata_ml::matmul::{Epilogue, column_sum, gemm_into};
use strata_ml::tensor::ops::{self, Map, Reduce, Zip};
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
    /// Elements of the largest tensor that a rung needs at a size.
    pub elements: fn(&str, usize) -> usize,
    /// Makes inputs on a device, and the call.
    pub build: fn(usize, &Device) -> Outcome<Run>,
}

/// All that there are.
pub static SCALES: [Scale; 17] = [
    Scale {
        op: "matmul",
        unit: "rows, columns and terms of square matrices",
        sizes: &[256, 512, 1024, 2048, 4096],
        power: 3,
        elements: |_, n| n * n,
        build: square,
    },
    Scale {
        op: "copy",
        unit: "rows and columns of a square matrix, transposed",
        sizes: &[256, 512, 1024, 2048, 4096, 8192],
        power: 2,
        elements: |_, n| n * n,
        build: transpose,
    },
    elementwise("map", |n, device| {
        let x = noise(device, &[n])?;
        let shape = format!("tanh of {:?}", x.shape());
        Run::new(shape, move || Ok(ops::map(Map::Tanh, &x, 0.0, 0.0).map(drop)?))
    }),
    elementwise("zip", |n, device| {
        let (a, b) = (noise(device, &[n])?, noise(device, &[n])?);
        let shape = format!("{:?} + the same", a.shape());
        Run::new(shape, move || Ok(ops::zip(Zip::Add, &a, &b).map(drop)?))
    }),
    elementwise("reduce", |n, device| {
        let x = rows(n, device)?;
        let shape = format!("rows of {:?}", x.shape());
        Run::new(shape, move || Ok(ops::reduce(Reduce::Sum, &x, &[1], false, 1.0).map(drop)?))
    }),
    elementwise("column_sum", |n, device| {
        let x = rows(n, device)?;
        let out = Tensor::zeros(device, DType::F32, &[x.shape()[1]])?;
        Run::new(label(&x), move || Ok(column_sum(&out, &x, true)?))
    }),
    elementwise("gelu", |n, device| {
        let x = noise(device, &[n])?;
        Run::new(label(&x), move || Ok(gelu_forward(&x).map(drop)?))
    }),
    elementwise("gelu_backward", |n, device| {
        let (x, dy) = (noise(device, &[n])?, noise(device, &[n])?);
        Run::new(label(&x), move || Ok(gelu_backward(&x, &dy).map(drop)?))
    }),
    elementwise("layernorm", |n, device| {
        let x = rows(n, device)?;
        let width = [x.shape()[1]];
        let (gamma, beta) = (noise(device, &width)?, noise(device, &width)?);
        Run::new(label(&x), move || Ok(layernorm_forward(&x, &gamma, &beta, 1e-5).map(drop)?))
    }),
    elementwise("residual_layernorm", |n, device| {
        let (x, r) = (rows(n, device)?, rows(n, device)?);
        let width = [x.shape()[1]];
        let (gamma, beta) = (noise(device, &width)?, noise(device, &width)?);
        Run::new(label(&x), move || {
            Ok(residual_layernorm_forward(&x, &r, &gamma, &beta, 1e-5).map(drop)?)
        })
    }),
    elementwise("layernorm_backward", |n, device| {
        let (x, dy) = (rows(n, device)?, rows(n, device)?);
        let width = [x.shape()[1]];
        let (gamma, beta) = (noise(device, &width)?, noise(device, &width)?);
        let stats = layernorm_forward(&x, &gamma, &beta, 1e-5)?;
        let to = ParameterGrads { dgamma: gamma.add(&gamma)?, dbeta: beta, accumulate: true };
        Run::new(label(&x), move || {
            let (mean, rstd) = (&stats.mean, &stats.rstd);
            Ok(layernorm_backward(&x, &gamma, mean, rstd, &dy, Some(&to)).map(drop)?)
        })
    }),
    elementwise("softmax", |n, device| {
        let x = rows(n, device)?;
        Run::new(label(&x), move || Ok(softmax_forward(&x).map(drop)?))
    }),
    elementwise("cross_entropy", |n, device| {
        let logits = rows(n, device)?;
        let targets = indices(device, &[logits.shape()[0]], logits.shape()[1])?;
        Run::new(label(&logits), move || Ok(cross_entropy_forward(&logits, &targets).map(drop)?))
    }),
    elementwise("cross_entropy_backward", |n, device| {
        let logits = rows(n, device)?;
        let targets = indices(device, &[logits.shape()[0]], logits.shape()[1])?;
        let loss = cross_entropy_forward(&logits, &targets)?;
        let one = Tensor::ones(device, &[])?;
        Run::new(label(&logits), move || {
            Ok(cross_entropy_backward(&logits, &targets, &loss, &one, 1.0).map(drop)?)
        })
    }),
    contexts("attention", |context, device| {
        let qkv = noise(device, &[BATCH, context, 3 * HEADS * HEAD_DIM])?;
        let [q, k, v] = split_qkv(&qkv, HEADS)?;
        let options = Options::causal();
        Run::new(format!("{:?}, causal", q.shape()), move || {
            Ok(forward(&q, &k, &v, &options).map(drop)?)
        })
    }),
    contexts("attention_backward", |context, device| {
        let qkv = noise(device, &[BATCH, context, 3 * HEADS * HEAD_DIM])?;
        let [q, k, v] = split_qkv(&qkv, HEADS)?;
        let options = Options::causal();
        let attended = forward(&q, &k, &v, &options)?;
        let dout = noise(device, &[BATCH, context, HEADS, HEAD_DIM])?.transpose(1, 2)?;
        Run::new(format!("{:?}, causal", q.shape()), move || {
            Ok(backward_qkv(&qkv, HEADS, &attended, &dout, &options).map(drop)?)
        })
    }),
    elementwise("adamw", |n, device| {
        let [p, g, m, v] =
            [noise(device, &[n])?, noise(device, &[n])?, zeros(n, device)?, zeros(n, device)?];
        let state = device.step_state(StepState { step: 10, lr: 1e-4, ..StepState::default() })?;
        let norm = Tensor::ones(device, &[])?;
        let config = AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() };
        Run::new(label(&p), move || Ok(adamw([&p, &g, &m, &v], &state, &norm, p.numel(), config)?))
    }),
];

const fn elementwise(op: &'static str, build: fn(usize, &Device) -> Outcome<Run>) -> Scale {
    const SIZES: [usize; 8] =
        [1 << 12, 1 << 14, 1 << 16, 1 << 18, 1 << 20, 1 << 22, 1 << 24, 1 << 26];
    Scale { op, unit: "elements", sizes: &SIZES, power: 1, elements: |_, n| n, build }
}

/// The batch, the heads and their width: all that a context is multiplied by.
const BATCH: usize = 4;
const HEADS: usize = 6;
const HEAD_DIM: usize = 64;

const fn contexts(op: &'static str, build: fn(usize, &Device) -> Outcome<Run>) -> Scale {
    const SIZES: [usize; 7] = [64, 128, 256, 512, 1024, 2048, 4096];
    // The naive rungs store probabilities, and their gradients beside them.
    let elements: fn(&str, usize) -> usize = |rung, n| match rung {
        "1_naive" => 2 * BATCH * HEADS * n * n,
        _ => 3 * BATCH * HEADS * HEAD_DIM * n,
    };
    Scale { op, unit: "positions of the context", sizes: &SIZES, power: 2, elements, build }
}

fn label(x: &Tensor) -> String {
    format!("{:?}", x.shape())
}

fn zeros(n: usize, device: &Device) -> Outcome<Tensor> {
    Ok(Tensor::zeros(device, DType::F32, &[n])?)
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

fn transpose(n: usize, device: &Device) -> Outcome<Run> {
    let x = noise(device, &[n, n])?.t()?;
    let y = Tensor::empty(device, DType::F32, x.shape())?;
    Run::new(format!("{:?}, transposed", x.shape()), move || Ok(ops::copy_into(&x, &y)?))
}
