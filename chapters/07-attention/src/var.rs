use crate::{Options, backward, backward_qkv, forward, merge_heads, split_heads, split_qkv};
use strata_autograd::Var;
use strata_tensor::Result;

/// Attention on the tape: `q` is `[batch, heads, rows, head_dim]`, `k` and `v` are
/// `[batch, heads, keys, head_dim]`, the result is shaped like `q`. See [`forward`].
///
/// # Errors
/// As [`forward`].
pub fn attention(q: &Var, k: &Var, v: &Var, options: &Options) -> Result<Var> {
    let kept = [q, k, v].map(|x| x.value().clone());
    let attended = forward(q.value(), k.value(), v.value(), options)?;
    let (out, options) = (attended.out.clone(), options.clone());
    Ok(Var::from_op("attention", out, &[q, k, v], move |d_out, grads| {
        let [q, k, v] = &kept;
        let found = backward(q, k, v, &attended, d_out, &options)?;
        grads.add(0, found.dq)?;
        grads.add(1, found.dk)?;
        grads.add(2, found.dv)
    }))
}

/// Self-attention of a packed projection: `qkv` is `[batch, rows, 3 * width]` with queries, keys and
/// values side by side, the result is `[batch, rows, width]` with the heads merged.
///
/// Nothing is copied on the way: the kernels read the three parts where they lie, write the heads
/// where the next layer wants them, and backward fills one packed gradient.
///
/// # Errors
/// As [`forward`]; a width that is no multiple of `3 * heads`.
pub fn attention_qkv(qkv: &Var, heads: usize, options: &Options) -> Result<Var> {
    let kept = qkv.value().clone();
    let [q, k, v] = split_qkv(&kept, heads)?;
    let attended = forward(&q, &k, &v, options)?;
    let (merged, options) = (merge_heads(&attended.out)?, options.clone());
    Ok(Var::from_op("attention_qkv", merged, &[qkv], move |d_merged, grads| {
        let d_out = split_heads(d_merged, heads)?;
        grads.add(0, backward_qkv(&kept, heads, &attended, &d_out, &options)?)
    }))
}

/// Attention as a method.
pub trait AttentionExt {
    /// [`attention_qkv`].
    ///
    /// # Errors
    /// As [`attention_qkv`].
    fn attention_qkv(&self, heads: usize, options: &Options) -> Result<Var>;
}

impl AttentionExt for Var {
    fn attention_qkv(&self, heads: usize, options: &Options) -> Result<Var> {
        attention_qkv(self, heads, options)
    }
}
