//! What layers do.
use crate::engine::attention::{self, Options};
use crate::engine::autograd::Var;
use crate::engine::device::{Buffer, Device, StepState, trace};
use crate::engine::gelu::gelu_backward;
use crate::engine::{data, layernorm, loss, matmul, tensor, transformer};
use crate::numbers::{single, whole};
use crate::table::{get, get_option, op2, put, put_all, put_tensor};
use crate::{Elements, Result};

exports! { ($) layers_functions
    now {
        linear, linear_gelu: (x: Handle, weight: Handle, bias: Handle) -> Handle;
        linear_residual: (x: Handle, weight: Handle, bias: Handle, residual: Handle) -> Handle;
        linear_tied: (x: Handle, weight: Handle) -> Handle;
        layernorm: (x: Handle, gamma: Handle, beta: Handle, eps: f64) -> Handle;
        residual_layernorm: (x: Handle, residual: Handle, gamma: Handle, beta: Handle, eps: f64) -> Handles;
        layernorm_stats: (x: Handle, gamma: Handle, beta: Handle, eps: f64) -> Handles;
        running_softmax: (row: LentFloats) -> Float32Array;
        cross_entropy: (logits: Handle, targets: Handle, label_smoothing: f64, class_weights: Handle) -> Handle;
        cross_entropy_rows: (logits: Handle, targets: Handle) -> Handles;
        attention: (
            q: Handle, k: Handle, v: Handle, causal: bool, scale: f64, dropout: f64, seed: f64, step: f64,
            key_mask: Handle
        ) -> Handle;
        attention_qkv: (
            qkv: Handle, heads: f64, causal: bool, dropout: f64, seed: f64, step: f64, key_mask: Handle
        ) -> Handle;
        attention_weights: (q: Handle, k: Handle, causal: bool, scale: f64, key_mask: Handle) -> Handle;
        split_qkv: (qkv: Handle, heads: f64) -> Handles;
        embedding: (ids: Handle, tokens: Handle, positions: Handle) -> Handle;
        dropout: (x: Handle, p: f64, seed: f64, step: f64) -> Handle;
        dropout_add: (residual: Handle, x: Handle, p: f64, seed: f64, step: f64) -> Handle;
    }
}

type Linear = fn(&Var, &Var, Option<&Var>) -> tensor::Result<Var>;

fn with_bias(x: u32, weight: u32, bias: u32, op: Linear) -> Result<u32> {
    let (x, w, b) = (get(x)?, get(weight)?, get_option(bias)?);
    Ok(put(trace::on(|| op(&x, &w, b.as_ref()))?))
}

/// `x·weight + bias`.
pub fn linear(x: u32, weight: u32, bias: u32) -> Result<u32> {
    with_bias(x, weight, bias, matmul::linear)
}

/// `gelu(x·weight + bias)`.
pub fn linear_gelu(x: u32, weight: u32, bias: u32) -> Result<u32> {
    with_bias(x, weight, bias, |x, w, b| matmul::linear_gelu(x, w, b, gelu_backward))
}

/// `x·weight + bias + residual`.
pub fn linear_residual(x: u32, weight: u32, bias: u32, residual: u32) -> Result<u32> {
    let (x, w, b, r) = (get(x)?, get(weight)?, get_option(bias)?, get(residual)?);
    Ok(put(trace::on(|| matmul::linear_residual(&x, &w, b.as_ref(), &r))?))
}

/// `x·weightᵀ`.
pub fn linear_tied(x: u32, weight: u32) -> Result<u32> {
    op2(x, weight, matmul::linear_tied)
}

/// LayerNorm over the last dimension.
pub fn layernorm(x: u32, gamma: u32, beta: u32, eps: f64) -> Result<u32> {
    let (x, g, b) = (get(x)?, get(gamma)?, get(beta)?);
    Ok(put(trace::on(|| layernorm::layernorm(&x, &g, &b, single(eps)))?))
}

/// `[x + residual, layernorm of it]`.
pub fn residual_layernorm(
    x: u32,
    residual: u32,
    gamma: u32,
    beta: u32,
    eps: f64,
) -> Result<Vec<u32>> {
    let (x, r, g, b) = (get(x)?, get(residual)?, get(gamma)?, get(beta)?);
    let both = trace::on(|| layernorm::residual_layernorm(&x, &r, &g, &b, single(eps)));
    let (sum, out) = both?;
    Ok(vec![put(sum), put(out)])
}

/// `[out, mean, rstd]`.
pub fn layernorm_stats(x: u32, gamma: u32, beta: u32, eps: f64) -> Result<Vec<u32>> {
    let (x, g, b) = (get(x)?, get(gamma)?, get(beta)?);
    let done = layernorm::layernorm_forward(x.value(), g.value(), b.value(), single(eps))?;
    Ok(put_all([done.out, done.mean, done.rstd]))
}

/// Maximum and sum after each element of a row, as the online softmax keeps them.
pub fn running_softmax(row: impl Elements<f32>) -> Result<Vec<f32>> {
    let pairs = loss::running(&row.get()?);
    Ok(pairs.iter().flat_map(|r| [r.max, r.sum]).collect())
}

/// Mean cross-entropy; class weights 0 for none.
pub fn cross_entropy(
    logits: u32,
    targets: u32,
    label_smoothing: f64,
    class_weights: u32,
) -> Result<u32> {
    let (x, targets, weights) = (get(logits)?, get(targets)?, get_option(class_weights)?);
    let options = loss::CrossEntropy {
        label_smoothing: single(label_smoothing),
        class_weights: weights.map(|w| w.value().clone()),
    };
    Ok(put(trace::on(|| loss::cross_entropy_with(&x, targets.value(), &options))?))
}

/// `[mean, rows, lse]`.
pub fn cross_entropy_rows(logits: u32, targets: u32) -> Result<Vec<u32>> {
    let done = loss::cross_entropy_forward(get(logits)?.value(), get(targets)?.value())?;
    Ok(put_all([done.mean, done.rows, done.lse]))
}

/// The numbers that dropout is keyed by, on the device.
fn state(device: &Device, seed: f64, step: f64) -> Result<Buffer> {
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
) -> Result<Options> {
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
pub fn attention(
    q: u32,
    k: u32,
    v: u32,
    causal: bool,
    scale: f64,
    dropout: f64,
    seed: f64,
    step: f64,
    key_mask: u32,
) -> Result<u32> {
    let (q, k, v) = (get(q)?, get(k)?, get(v)?);
    let options = options(q.value().device(), causal, scale, [dropout, seed, step], key_mask)?;
    Ok(put(trace::on(|| attention::attention(&q, &k, &v, &options))?))
}

/// Self-attention of a packed projection.
pub fn attention_qkv(
    qkv: u32,
    heads: f64,
    causal: bool,
    dropout: f64,
    seed: f64,
    step: f64,
    key_mask: u32,
) -> Result<u32> {
    let (qkv, heads) = (get(qkv)?, whole("attention", "heads", heads)?);
    let device = qkv.value().device();
    let options = options(device, causal, f64::NAN, [dropout, seed, step], key_mask)?;
    Ok(put(trace::on(|| attention::attention_qkv(&qkv, heads, &options))?))
}

/// The probabilities themselves.
pub fn attention_weights(q: u32, k: u32, causal: bool, scale: f64, key_mask: u32) -> Result<u32> {
    let (q, k) = (get(q)?, get(k)?);
    let options = options(q.value().device(), causal, scale, [0.0; 3], key_mask)?;
    Ok(put_tensor(attention::attention_weights(q.value(), k.value(), &options)?))
}

/// `[q, k, v]` of a packed projection.
pub fn split_qkv(qkv: u32, heads: f64) -> Result<Vec<u32>> {
    let heads = whole("split_qkv", "heads", heads)?;
    Ok(put_all(attention::split_qkv(get(qkv)?.value(), heads)?))
}

/// Rows of a table.
pub fn embedding(ids: u32, tokens: u32, positions: u32) -> Result<u32> {
    let (ids, t, p) = (get(ids)?, get(tokens)?, get_option(positions)?);
    Ok(put(trace::on(|| data::embedding(ids.value(), &t, p.as_ref(), None))?))
}

/// Dropout.
pub fn dropout(x: u32, p: f64, seed: f64, step: f64) -> Result<u32> {
    let x = get(x)?;
    let state = state(x.value().device(), seed, step)?;
    Ok(put(trace::on(|| transformer::dropout(&x, single(p), 0, &state))?))
}

/// `residual + dropout(x)`.
pub fn dropout_add(residual: u32, x: u32, p: f64, seed: f64, step: f64) -> Result<u32> {
    let (r, x) = (get(residual)?, get(x)?);
    let state = state(x.value().device(), seed, step)?;
    Ok(put(trace::on(|| transformer::dropout_add(&r, &x, single(p), 0, &state))?))
}
