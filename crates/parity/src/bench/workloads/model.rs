//! Chapters 4 to 10: what stands between the matrix products.

use crate::Outcome;
use crate::bench::workload::{Run, Shapes, indices, noise};
use strata_ml::adamw::{AdamWConfig, NormScratch, SgdConfig, adamw, global_norm_into, sgd};
use strata_ml::attention::{Options, backward_qkv, forward, split_qkv};
use strata_ml::data::{embedding_backward, embedding_forward, embedding_positions_backward};
use strata_ml::device::{Buffer, Device, StepState};
use strata_ml::gelu::{gelu_backward, gelu_forward};
use strata_ml::layernorm::{
    ParameterGrads, layernorm_backward, layernorm_forward, residual_layernorm_forward,
};
use strata_ml::loss::{
    CrossEntropy, cross_entropy_backward, cross_entropy_backward_with, cross_entropy_forward,
    cross_entropy_forward_with, log_softmax_backward, log_softmax_forward, softmax_backward,
    softmax_forward,
};
use strata_ml::tensor::{DType, Tensor};
use strata_ml::transformer::{LayerCache, dropout_forward};

type Build = fn(&Shapes, &Device) -> Outcome<Run>;

pub(super) const LIST: &[(&str, Build)] = &[
    ("gelu", |s, d| {
        let x = noise(d, &[s.rows(), 4 * s.width])?;
        Run::new(label(&x), move || Ok(gelu_forward(&x).map(drop)?))
    }),
    ("gelu_backward", |s, d| {
        let shape = [s.rows(), 4 * s.width];
        let (x, dy) = (noise(d, &shape)?, noise(d, &shape)?);
        Run::new(label(&x), move || Ok(gelu_backward(&x, &dy).map(drop)?))
    }),
    ("layernorm", |s, d| {
        let [x, _, gamma, beta] = normed(s, d)?;
        Run::new(label(&x), move || Ok(layernorm_forward(&x, &gamma, &beta, 1e-5).map(drop)?))
    }),
    ("residual_layernorm", |s, d| {
        let [x, r, gamma, beta] = normed(s, d)?;
        let call = move || Ok(residual_layernorm_forward(&x, &r, &gamma, &beta, 1e-5).map(drop)?);
        Run::new(format!("{:?}", [s.rows(), s.width]), call)
    }),
    ("layernorm_backward", |s, d| {
        let [x, dy, gamma, beta] = normed(s, d)?;
        let stats = layernorm_forward(&x, &gamma, &beta, 1e-5)?;
        let to = ParameterGrads { dgamma: gamma.add(&gamma)?, dbeta: beta, accumulate: true };
        Run::new(label(&x), move || {
            let (mean, rstd) = (&stats.mean, &stats.rstd);
            Ok(layernorm_backward(&x, &gamma, mean, rstd, &dy, Some(&to)).map(drop)?)
        })
    }),
    ("softmax", |s, d| {
        let x = noise(d, &[s.rows(), s.vocab])?;
        Run::new(label(&x), move || Ok(softmax_forward(&x).map(drop)?))
    }),
    ("log_softmax", |s, d| {
        let x = noise(d, &[s.rows(), s.vocab])?;
        Run::new(label(&x), move || Ok(log_softmax_forward(&x).map(drop)?))
    }),
    ("softmax_backward", |s, d| {
        let (y, dy) = (noise(d, &[s.rows(), s.vocab])?, noise(d, &[s.rows(), s.vocab])?);
        Run::new(label(&y), move || Ok(softmax_backward(&y, &dy).map(drop)?))
    }),
    ("log_softmax_backward", |s, d| {
        let (y, dy) = (noise(d, &[s.rows(), s.vocab])?, noise(d, &[s.rows(), s.vocab])?);
        Run::new(label(&y), move || Ok(log_softmax_backward(&y, &dy).map(drop)?))
    }),
    ("cross_entropy", loss),
    ("mean_of_scored", loss),
    ("cross_entropy_backward", |s, d| {
        let (logits, targets) = scored(s, d)?;
        let loss = cross_entropy_forward(&logits, &targets)?;
        let one = Tensor::ones(d, &[])?;
        Run::new(label(&logits), move || {
            Ok(cross_entropy_backward(&logits, &targets, &loss, &one, 1.0).map(drop)?)
        })
    }),
    ("smoothed_cross_entropy", smoothed),
    ("weighted_mean", smoothed),
    ("smoothed_cross_entropy_backward", |s, d| {
        let (logits, targets) = scored(s, d)?;
        let loss = cross_entropy_forward_with(&logits, &targets, &weighted(s, d)?)?;
        let one = Tensor::ones(d, &[])?;
        Run::new(label(&logits), move || {
            Ok(cross_entropy_backward_with(&logits, &targets, &loss, &one, 1.0).map(drop)?)
        })
    }),
    ("attention", |s, d| {
        let qkv = noise(d, &[s.batch, s.context, 3 * s.width])?;
        let [q, k, v] = split_qkv(&qkv, s.heads)?;
        let options = Options::causal();
        Run::new(format!("{:?}, causal", q.shape()), move || {
            Ok(forward(&q, &k, &v, &options).map(drop)?)
        })
    }),
    ("attention_backward", |s, d| {
        let (heads, qkv) = (s.heads, noise(d, &[s.batch, s.context, 3 * s.width])?);
        let [q, k, v] = split_qkv(&qkv, heads)?;
        let options = Options::causal();
        let attended = forward(&q, &k, &v, &options)?;
        let dout = noise(d, &[s.batch, s.context, heads, s.width / heads])?.transpose(1, 2)?;
        Run::new(format!("{:?}, causal", q.shape()), move || {
            Ok(backward_qkv(&qkv, heads, &attended, &dout, &options).map(drop)?)
        })
    }),
    ("adamw", |s, d| {
        let [p, g] = [noise(d, &[s.parameters])?, noise(d, &[s.parameters])?];
        let zeros = || Tensor::zeros(d, DType::F32, &[s.parameters]);
        let (m, v, state, norm) = (zeros()?, zeros()?, state(d)?, Tensor::ones(d, &[])?);
        let config = AdamWConfig { clip: Some(1.0), ..AdamWConfig::default() };
        Run::new(label(&p), move || Ok(adamw([&p, &g, &m, &v], &state, &norm, p.numel(), config)?))
    }),
    ("sgd", |s, d| {
        let [p, g] = [noise(d, &[s.parameters])?, noise(d, &[s.parameters])?];
        let u = Tensor::zeros(d, DType::F32, &[s.parameters])?;
        let (state, norm) = (state(d)?, Tensor::ones(d, &[])?);
        let config = SgdConfig { momentum: 0.9, clip: Some(1.0), ..SgdConfig::default() };
        let call = move || Ok(sgd(&p, &g, Some(&u), &state, &norm, p.numel(), config)?);
        Run::new(format!("[{}], momentum", s.parameters), call)
    }),
    ("global_norm", |s, d| {
        let x = noise(d, &[s.parameters])?;
        let (scratch, out) = (NormScratch::new(d, s.parameters)?, Tensor::ones(d, &[])?);
        Run::new(label(&x), move || Ok(global_norm_into(&x, &scratch, &out)?))
    }),
    ("embedding", |s, d| {
        let ids = indices(d, &[s.batch, s.context], s.vocab)?;
        let (tokens, places) = (noise(d, &[s.vocab, s.width])?, noise(d, &[s.context, s.width])?);
        Run::new(embedded(s), move || {
            Ok(embedding_forward(&ids, &tokens, Some(&places), None).map(drop)?)
        })
    }),
    ("embedding_backward", |s, d| {
        let ids = indices(d, &[s.batch, s.context], s.vocab)?;
        let dy = noise(d, &[s.batch, s.context, s.width])?;
        let table = noise(d, &[s.vocab, s.width])?;
        Run::new(embedded(s), move || Ok(embedding_backward(&ids, &dy, &table, true)?))
    }),
    ("embedding_positions_backward", |s, d| {
        let ids = indices(d, &[s.batch, s.context], s.vocab)?;
        let dy = noise(d, &[s.batch, s.context, s.width])?;
        let table = noise(d, &[s.context, s.width])?;
        Run::new(embedded(s), move || Ok(embedding_positions_backward(&ids, &dy, &table, true)?))
    }),
    ("dropout", |s, d| {
        let (x, r) = (noise(d, &[s.rows(), s.width])?, noise(d, &[s.rows(), s.width])?);
        let state = state(d)?;
        Run::new(format!("{:?}, with a residual", x.shape()), move || {
            Ok(dropout_forward(&x, Some(&r), 0.2, 1, &state).map(drop)?)
        })
    }),
    ("kv_append", |s, d| {
        let shape = [s.batch, s.heads, s.context, s.width / s.heads];
        let cache = LayerCache { keys: noise(d, &shape)?, values: noise(d, &shape)? };
        let qkv = noise(d, &[s.batch, s.context, 3 * s.width])?;
        let state = d.step_state(StepState::default())?;
        let label = format!("{:?}, keys and values", qkv.shape());
        Run::new(label, move || Ok(cache.append(&qkv, &state)?))
    }),
];

fn label(x: &Tensor) -> String {
    format!("{:?}", x.shape())
}

fn embedded(s: &Shapes) -> String {
    format!("{:?} of [{}, {}]", [s.batch, s.context], s.vocab, s.width)
}

fn state(device: &Device) -> Outcome<Buffer> {
    Ok(device.step_state(StepState { step: 10, lr: 1e-4, ..StepState::default() })?)
}

/// Two tensors of activations, and gain and bias.
fn normed(s: &Shapes, d: &Device) -> Outcome<[Tensor; 4]> {
    let shape = [s.rows(), s.width];
    Ok([noise(d, &shape)?, noise(d, &shape)?, noise(d, &[s.width])?, noise(d, &[s.width])?])
}

fn scored(s: &Shapes, d: &Device) -> Outcome<(Tensor, Tensor)> {
    Ok((noise(d, &[s.rows(), s.vocab])?, indices(d, &[s.rows()], s.vocab)?))
}

fn smoothed(s: &Shapes, d: &Device) -> Outcome<Run> {
    let ((logits, targets), how) = (scored(s, d)?, weighted(s, d)?);
    Run::new(label(&logits), move || {
        Ok(cross_entropy_forward_with(&logits, &targets, &how).map(drop)?)
    })
}

fn weighted(s: &Shapes, d: &Device) -> Outcome<CrossEntropy> {
    let weights = Tensor::full(d, &[s.vocab], 0.5)?;
    Ok(CrossEntropy { label_smoothing: 0.1, class_weights: Some(weights) })
}

fn loss(s: &Shapes, d: &Device) -> Outcome<Run> {
    let (logits, targets) = scored(s, d)?;
    Run::new(label(&logits), move || Ok(cross_entropy_forward(&logits, &targets).map(drop)?))
}
