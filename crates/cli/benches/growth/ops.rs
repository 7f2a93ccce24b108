//! Ops, forward and backward, and the tape: each dimension by itself.

use crate::{Case, Work};
use std::sync::OnceLock;
use strata_ml::adamw::{AdamW, AdamWConfig, Sgd, SgdConfig};
use strata_ml::attention::{self, Options};
use strata_ml::autograd::{Init, ParamBuilder, choose, concat, stack};
use strata_ml::data::embedding;
use strata_ml::device::{DType, StepState};
use strata_ml::loss::{CrossEntropy, cross_entropy, cross_entropy_with, softmax};
use strata_ml::matmul::matmul;
use strata_ml::prelude::*;
use strata_ml::tensor::ops;

pub fn cases() -> Vec<Case> {
    let case = |name, n, make| Case { name, n, make };
    vec![
        case("matmul, batches of 16", 4000, |n| product([n, 16, 16], [n, 16, 16])),
        case("matmul, rows of 2", 50_000, |n| product([1, n, 2], [1, 2, 2])),
        case("matmul, rows", 8000, |n| product([1, n, 64], [1, 64, 64])),
        case("matmul, columns", 8000, |n| product([1, 64, 64], [1, 64, n])),
        case("matmul, columns for 3 rows", 40_000, |n| product([1, 3, 64], [1, 64, n])),
        case("matmul, depth", 8000, |n| product([1, 64, n], [1, n, 64])),
        case("matmul, depth for 1 by 1", 400_000, |n| product([1, 1, n], [1, n, 1])),
        case("elementwise", 400_000, |n| {
            tape(&[n], |x| x.square()?.exp()?.mul(x)?.affine(2.0, 1.0))
        }),
        case("broadcast", 4000, |n| tape(&[n, 64], |x| x.add(&x.narrow(0, 0, 1)?))),
        case("gelu", 200_000, |n| tape(&[n], |x| x.gelu())),
        case("sum of everything", 800_000, |n| tape(&[n], |x| x.sum_all())),
        case("sum over rows", 8000, |n| tape(&[n, 64], |x| x.sum(&[0], false))),
        case("sum over columns", 8000, |n| tape(&[n, 64], |x| x.sum(&[1], false))),
        case("maximum over long rows", 100_000, |n| tape(&[4, n], |x| x.max(&[1], false))),
        case("layernorm, rows", 4000, |n| layernorm(n, 64)),
        case("layernorm, width", 64_000, |n| layernorm(4, n)),
        case("softmax, rows", 4000, |n| tape(&[n, 64], softmax)),
        case("softmax, rows of one", 100_000, |n| tape(&[n, 1], softmax)),
        case("softmax, width", 64_000, |n| tape(&[4, n], softmax)),
        case("cross-entropy, rows", 4000, |n| losses(n, 64)),
        case("cross-entropy, width", 64_000, |n| losses(4, n)),
        case("smoothed cross-entropy, rows", 4000, |n| smoothed(n, 64)),
        case("smoothed cross-entropy, width", 64_000, |n| smoothed(4, n)),
        case("attention, heads", 64, |n| attend(n, 32, 32)),
        case("attention, keys for a query", 20_000, |n| attend(4, 1, n)),
        case("embedding, ids", 20_000, |n| embed(n, 1000, |i| i as u32 * 7 % 1000)),
        case("embedding, one id", 20_000, |n| embed(n, 1000, |_| 3)),
        case("embedding, vocabulary", 20_000, |n| embed(1000, n, |i| i as u32)),
        case("transpose", 4000, |n| tape(&[n, 64], |x| x.transpose(0, 1)?.contiguous())),
        case("concat of many", 500, |n| parts(n, |all| concat(&refs(all), 0))),
        case("stack of many", 500, |n| parts(n, |all| stack(&refs(all), 0))),
        case("a sum of many", 1000, |n| {
            parts(n, |all| {
                let mut sum = all[0].clone();
                for x in &all[1..] {
                    sum = sum.add(x)?;
                }
                Ok(sum)
            })
        }),
        case("cast to 16 bits and back", 400_000, |n| {
            tape(&[n], |x| x.cast(DType::F16)?.cast(DType::F32))
        }),
        case("a deep tape", 2000, |n| {
            Box::new(move || {
                let x = leaf(&[1]);
                let mut y = x.clone();
                for _ in 0..n {
                    y = y.affine(1.0, 0.0).expect("a step");
                }
                y.backward().expect("a walk");
                assert!(y.graph().nodes.len() > n);
            })
        }),
        case("one variable used often", 1000, |n| {
            Box::new(move || {
                let x = leaf(&[4]);
                let mut sum = x.clone();
                for _ in 0..n {
                    sum = sum.add(&x).expect("a sum");
                }
                sum.sum_all().and_then(|s| s.backward()).expect("a walk");
            })
        }),
        case("a hook on each of many", 1000, |n| {
            Box::new(move || {
                let all: Vec<Var> = (0..n).map(|_| leaf(&[4])).collect();
                all.iter().for_each(|x| x.hook(|_| Ok(None)));
                concat(&refs(&all), 0)
                    .and_then(|y| y.sum_all())
                    .and_then(|y| y.backward())
                    .expect("a walk");
            })
        }),
        case("parameters", 1000, |n| Box::new(move || drop(parameters(n, 4)))),
        case("adamw, parameters", 200, |n| optimizer(n, 256, true)),
        case("adamw, elements", 100_000, |n| optimizer(1, n, true)),
        case("sgd, elements", 100_000, |n| optimizer(1, n, false)),
        case("reading a tensor", 400_000, |n| {
            let x = tensor(&[n]);
            Box::new(move || drop(std::hint::black_box(x.to_vec::<f32>())))
        }),
        case("argmax", 400_000, |n| {
            let x = tensor(&[4, n]);
            Box::new(move || drop(x.argmax().expect("places")))
        }),
        case("integers", 400_000, |n| {
            let x = ids(&[n], 1000);
            Box::new(move || drop(x.rem(&x.add(&x).expect("sums")).expect("remainders")))
        }),
        case("a choice", 400_000, |n| {
            let cond = ids(&[n], 2);
            tape(&[n], move |x| choose(&cond, x, &x.narrow(0, 0, 1)?))
        }),
        case("triangles", 4000, |n| tape(&[n, 64], |x| x.tril(0)?.triu(-8))),
        case("one-hot", 10_000, |n| {
            let x = ids(&[n], 64);
            Box::new(move || drop(x.one_hot(64).expect("rows")))
        }),
        case("gather, rows", 4000, |n| gather(&[n, 64], 1, &[n, 8])),
        case("gather, one column", 200_000, |n| gather(&[1000], 0, &[n])),
        case("gather, long columns", 200_000, |n| gather(&[n], 0, &[1000])),
        case("scatter-add, rows", 4000, |n| scatter_add(&[n, 64], 1, &[n, 8])),
        case("scatter-add, one column", 200_000, |n| scatter_add(&[1000], 0, &[n])),
        case("scatter-add, columns", 4000, |n| scatter_add(&[64, n], 0, &[8, n])),
        case("split in many", 500, |n| tape(&[n, 16], |x| concat(&refs(&x.split_every(0, 1)?), 0))),
        case("running sums", 400_000, |n| {
            let x = tensor(&[4, n]);
            Box::new(move || drop(x.cumsum(1).expect("sums")))
        }),
        case("the largest few", 100_000, |n| {
            let x = tensor(&[4, n]);
            Box::new(move || drop(x.topk(8).expect("the largest")))
        }),
        case("sorting", 100_000, |n| {
            let x = tensor(&[4, n]);
            Box::new(move || drop(x.topk(n).expect("all of them")))
        }),
        case("draws", 10_000, |n| {
            let x = tensor(&[4, 64]).square().expect("weights");
            Box::new(move || drop(x.multinomial(n, 1, true).expect("draws")))
        }),
        case("draws, places", 100_000, |n| {
            let x = tensor(&[4, n]).square().expect("weights");
            Box::new(move || drop(x.multinomial(8, 1, true).expect("draws")))
        }),
    ]
}

fn device() -> Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| Device::open("cpu", Settings::default()).expect("a processor")).clone()
}

/// Numbers between -1 and 1 that no pattern of an op fits.
fn tensor(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    let data: Vec<f32> =
        (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 8e6 - 1.0).collect();
    Tensor::from_slice(&device(), &data, shape).expect("a tensor")
}

/// Ids below `classes`.
fn ids(shape: &[usize], classes: usize) -> Tensor {
    let n: usize = shape.iter().product();
    let data: Vec<u32> =
        (0..n as u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) % classes as u32).collect();
    Tensor::from_slice(&device(), &data, shape).expect("ids")
}

fn gather(shape: &[usize], d: usize, index: &[usize]) -> Work {
    let index = ids(index, shape[d]);
    tape(shape, move |x| x.gather(d, &index))
}

fn scatter_add(shape: &[usize], d: usize, index: &[usize]) -> Work {
    let (src, index) = (leaf(index), ids(index, shape[d]));
    tape(shape, move |x| x.scatter_add(d, &index, &src))
}

fn leaf(shape: &[usize]) -> Var {
    Var::leaf(tensor(shape))
}

/// Forward and backward of a function of one tensor.
fn tape(shape: &[usize], f: impl Fn(&Var) -> strata_ml::tensor::Result<Var> + 'static) -> Work {
    let x = leaf(shape);
    Box::new(move || {
        let y = f(&x).and_then(|y| y.sum_all()).expect("forward");
        y.backward().expect("backward");
    })
}

fn product(a: [usize; 3], b: [usize; 3]) -> Work {
    let (a, b) = (tensor(&a), tensor(&b));
    Box::new(move || drop(matmul(&a, &b).expect("a product")))
}

fn layernorm(rows: usize, width: usize) -> Work {
    let (gamma, beta) = (leaf(&[width]), leaf(&[width]));
    tape(&[rows, width], move |x| strata_ml::layernorm::layernorm(x, &gamma, &beta, 1e-5))
}

fn losses(rows: usize, width: usize) -> Work {
    let ids: Vec<u32> = (0..rows).map(|i| (i % width) as u32).collect();
    let targets = Tensor::from_slice(&device(), &ids, &[rows]).expect("targets");
    tape(&[rows, width], move |x| cross_entropy(x, &targets))
}

fn smoothed(rows: usize, width: usize) -> Work {
    let ids: Vec<u32> = (0..rows).map(|i| (i % width) as u32).collect();
    let targets = Tensor::from_slice(&device(), &ids, &[rows]).expect("targets");
    let weights = tensor(&[width]).affine(1.0, 1.5).expect("weights");
    let how = CrossEntropy { label_smoothing: 0.1, class_weights: Some(weights) };
    tape(&[rows, width], move |x| cross_entropy_with(x, &targets, &how))
}

fn attend(heads: usize, queries: usize, keys: usize) -> Work {
    let (k, v) = (leaf(&[1, heads, keys, 16]), leaf(&[1, heads, keys, 16]));
    tape(&[1, heads, queries, 16], move |q| attention::attention(q, &k, &v, &Options::full()))
}

fn embed(ids: usize, vocab: usize, id: fn(usize) -> u32) -> Work {
    let ids: Vec<u32> = (0..ids).map(|i| id(i) % vocab as u32).collect();
    let ids = Tensor::from_slice(&device(), &ids, &[1, ids.len()]).expect("ids");
    tape(&[vocab, 16], move |tokens| embedding(&ids, tokens, None, None))
}

fn refs(all: &[Var]) -> Vec<&Var> {
    all.iter().collect()
}

fn parts(n: usize, f: fn(&[Var]) -> strata_ml::tensor::Result<Var>) -> Work {
    let all: Vec<Var> = (0..n).map(|_| leaf(&[16])).collect();
    Box::new(move || {
        f(&all).and_then(|y| y.sum_all()).and_then(|y| y.backward()).expect("a walk");
    })
}

fn parameters(n: usize, width: usize) -> strata_ml::autograd::Parameters {
    let builder = ParamBuilder::new();
    for i in 0..n {
        builder.at(&format!("layer{i}")).param("weight", &[width], Init::Normal(0.1), i % 2 == 0);
    }
    builder.build(&device(), 1).expect("parameters")
}

fn optimizer(n: usize, width: usize, adam: bool) -> Work {
    let all = parameters(n, width);
    let state = device().step_state(StepState::default()).expect("a state");
    ops::fill_bits(&all.grads().expect("gradients"), 0.5f32.to_bits()).expect("gradients");
    match adam {
        true => {
            let adamw = AdamW::new(&all, AdamWConfig::default()).expect("an optimizer");
            Box::new(move || adamw.step(&state).expect("a step"))
        }
        false => {
            let sgd = Sgd::new(&all, SgdConfig::default()).expect("an optimizer");
            Box::new(move || sgd.step(&state).expect("a step"))
        }
    }
}
