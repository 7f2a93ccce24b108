//! What layers do.
use crate::failure::Outcome;
use crate::guard::guard;
use crate::lent::Lent;
use crate::numbers::{single, whole};
use crate::table::{get, get_option, op2, put, put_tensor};
use napi::bindgen_prelude::Float32Array;
use napi_derive::napi;
use strata_ml::attention::{self, Options};
use strata_ml::autograd::Var;
use strata_ml::device::{Buffer, Device, StepState, trace};
use strata_ml::gelu::gelu_backward;
use strata_ml::{data, layernorm, loss, matmul, tensor, transformer};

type Linear = fn(&Var, &Var, Option<&Var>) -> tensor::Result<Var>;

fn with_bias(x: u32, weight: u32, bias: u32, op: Linear) -> napi::Result<u32> {
    guard(|| {
        let (x, w, b) = (get(x)?, get(weight)?, get_option(bias)?);
        Ok(put(trace::on(|| op(&x, &w, b.as_ref()))?))
    })
}

/// `x·weight + bias`.
#[napi]
pub fn linear(x: u32, weight: u32, bias: u32) -> napi::Result<u32> {
    with_bias(x, weight, bias, matmul::linear)
}

/// `gelu(x·weight + bias)`.
#[napi]
pub fn linear_gelu(x: u32, weight: u32, bias: u32) -> napi::Result<u32> {
    with_bias(x, weight, bias, |x, w, b| matmul::linear_gelu(x, w, b, gelu_backward))
}

/// `x·weight + bias + residual`.
#[napi]
pub fn linear_residual(x: u32, weight: u32, bias: u32, residual: u32) -> napi::Result<u32> {
    guard(|| {
        let (x, w, b, r) = (get(x)?, get(weight)?, get_option(bias)?, get(residual)?);
        Ok(put(trace::on(|| matmul::linear_residual(&x, &w, b.as_ref(), &r))?))
    })
}

/// `x·weightᵀ`.
#[napi]
pub fn linear_tied(x: u32, weight: u32) -> napi::Result<u32> {
    op2(x, weight, matmul::linear_tied)
}

/// LayerNorm over the last dimension.
#[napi(js_name = "layernorm")]
pub fn layer_norm(x: u32, gamma: u32, beta: u32, eps: f64) -> napi::Result<u32> {
    guard(|| {
        let (x, g, b) = (get(x)?, get(gamma)?, get(beta)?);
        Ok(put(trace::on(|| layernorm::layernorm(&x, &g, &b, single(eps)))?))
    })
}

/// `[x + residual, layernorm of it]`.
#[napi(js_name = "residualLayernorm")]
pub fn residual_layer_norm(
    x: u32,
    residual: u32,
    gamma: u32,
    beta: u32,
    eps: f64,
) -> napi::Result<Vec<u32>> {
    guard(|| {
        let (x, r, g, b) = (get(x)?, get(residual)?, get(gamma)?, get(beta)?);
        let both = trace::on(|| layernorm::residual_layernorm(&x, &r, &g, &b, single(eps)));
        let (sum, out) = both?;
        Ok(vec![put(sum), put(out)])
    })
}

/// `[out, mean, rstd]`.
#[napi(js_name = "layernormStats")]
pub fn layer_norm_stats(x: u32, gamma: u32, beta: u32, eps: f64) -> napi::Result<Vec<u32>> {
    guard(|| {
        let (x, g, b) = (get(x)?, get(gamma)?, get(beta)?);
        let done = layernorm::layernorm_forward(x.value(), g.value(), b.value(), single(eps))?;
        Ok([done.out, done.mean, done.rstd].map(put_tensor).into())
    })
}

/// Maximum and sum after each element of a row, as the online softmax keeps them.
#[napi]
pub fn running_softmax(row: Lent<f32>) -> napi::Result<Float32Array> {
    guard(|| {
        let pairs = loss::running(&row.get()?);
        Ok(pairs.iter().flat_map(|r| [r.max, r.sum]).collect::<Vec<f32>>().into())
    })
}

/// Mean cross-entropy; class weights 0 for none.
#[napi]
pub fn cross_entropy(
    logits: u32,
    targets: u32,
    label_smoothing: f64,
    class_weights: u32,
) -> napi::Result<u32> {
    guard(|| {
        let (x, targets, weights) = (get(logits)?, get(targets)?, get_option(class_weights)?);
        let options = loss::CrossEntropy {
            label_smoothing: single(label_smoothing),
            class_weights: weights.map(|w| w.value().clone()),
        };
        Ok(put(trace::on(|| loss::cross_entropy_with(&x, targets.value(), &options))?))
    })
}

/// `[mean, rows, lse]`.
#[napi]
pub fn cross_entropy_rows(logits: u32, targets: u32) -> napi::Result<Vec<u32>> {
    guard(|| {
        let done = loss::cross_entropy_forward(get(logits)?.value(), get(targets)?.value())?;
        Ok([done.mean, done.rows, done.lse].map(put_tensor).into())
    })
}

/// The numbers that dropout is keyed by, on the device.
fn state(device: &Device, seed: f64, step: f64) -> Outcome<Buffer> {
    let op = "dropout";
    let (seed, step) = (whole(op, "the seed", seed)? as u64, whole(op, "the step", step)?);
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the kernels take 32 bits: a larger seed is folded, a later step begins anew"
    )]
    let (seed, step) = (seed as u32 ^ (seed >> 32) as u32, step as u32);
    Ok(device.step_state(StepState { seed, step, loss_scale: 1.0, ..StepState::default() })?)
}

fn options(
    device: &Device,
    causal: bool,
    scale: f64,
    [p, seed, step]: [f64; 3],
    key_mask: u32,
) -> Outcome<Options> {
    let mut options = if causal { Options::causal() } else { Options::full() };
    if !scale.is_nan() {
        options = options.scaled(single(scale));
    }
    if p != 0.0 {
        options = options.dropout(single(p), 0, &state(device, seed, step)?);
    }
    if let Some(mask) = get_option(key_mask)? {
        options = options.masked(mask.value());
    }
    Ok(options)
}

/// Scaled dot-product attention; a mask of keys 0 for none.
#[napi(js_name = "attention")]
pub fn attend(
    q: u32,
    k: u32,
    v: u32,
    causal: bool,
    scale: f64,
    dropout: f64,
    seed: f64,
    step: f64,
    key_mask: u32,
) -> napi::Result<u32> {
    guard(|| {
        let (q, k, v) = (get(q)?, get(k)?, get(v)?);
        let options = options(q.value().device(), causal, scale, [dropout, seed, step], key_mask)?;
        Ok(put(trace::on(|| attention::attention(&q, &k, &v, &options))?))
    })
}

/// Self-attention of a packed projection.
#[napi]
pub fn attention_qkv(
    qkv: u32,
    heads: f64,
    causal: bool,
    dropout: f64,
    seed: f64,
    step: f64,
    key_mask: u32,
) -> napi::Result<u32> {
    guard(|| {
        let (qkv, heads) = (get(qkv)?, whole("attention", "heads", heads)?);
        let device = qkv.value().device();
        let options = options(device, causal, f64::NAN, [dropout, seed, step], key_mask)?;
        Ok(put(trace::on(|| attention::attention_qkv(&qkv, heads, &options))?))
    })
}

/// The probabilities themselves.
#[napi]
pub fn attention_weights(
    q: u32,
    k: u32,
    causal: bool,
    scale: f64,
    key_mask: u32,
) -> napi::Result<u32> {
    guard(|| {
        let (q, k) = (get(q)?, get(k)?);
        let options = options(q.value().device(), causal, scale, [0.0; 3], key_mask)?;
        Ok(put_tensor(attention::attention_weights(q.value(), k.value(), &options)?))
    })
}

/// `[q, k, v]` of a packed projection.
#[napi]
pub fn split_qkv(qkv: u32, heads: f64) -> napi::Result<Vec<u32>> {
    guard(|| {
        let heads = whole("split_qkv", "heads", heads)?;
        Ok(attention::split_qkv(get(qkv)?.value(), heads)?.map(put_tensor).into())
    })
}

/// Rows of a table.
#[napi]
pub fn embedding(ids: u32, tokens: u32, positions: u32) -> napi::Result<u32> {
    guard(|| {
        let (ids, t, p) = (get(ids)?, get(tokens)?, get_option(positions)?);
        Ok(put(trace::on(|| data::embedding(ids.value(), &t, p.as_ref(), None))?))
    })
}

/// Dropout.
#[napi]
pub fn dropout(x: u32, p: f64, seed: f64, step: f64) -> napi::Result<u32> {
    guard(|| {
        let x = get(x)?;
        let state = state(x.value().device(), seed, step)?;
        Ok(put(trace::on(|| transformer::dropout(&x, single(p), 0, &state))?))
    })
}

/// `residual + dropout(x)`.
#[napi]
pub fn dropout_add(residual: u32, x: u32, p: f64, seed: f64, step: f64) -> napi::Result<u32> {
    guard(|| {
        let (r, x) = (get(residual)?, get(x)?);
        let state = state(x.value().device(), seed, step)?;
        Ok(put(trace::on(|| transformer::dropout_add(&r, &x, single(p), 0, &state))?))
    })
}
