use strata_tensor::{Error, Result, Tensor};

/// Queries, keys and values of a packed projection `[batch, rows, 3 * width]`, as three views
/// `[batch, heads, rows, head_dim]` of its buffer. Nothing is copied.
///
/// # Errors
/// Another rank, or a width that is no multiple of `3 * heads`.
pub fn split_qkv(qkv: &Tensor, heads: usize) -> Result<[Tensor; 3]> {
    let (&[batch, rows, width], 1..) = (qkv.shape(), heads) else {
        let reason = format!("a packed projection is [batch, rows, 3 * width], with {heads} heads");
        return Err(Error::shape("split_qkv", &[qkv.shape()], reason));
    };
    let Some(parts) = heads.checked_mul(3).filter(|&parts| width.is_multiple_of(parts)) else {
        let reason = format!("{width} columns are not three times {heads} heads");
        return Err(Error::shape("split_qkv", &[qkv.shape()], reason));
    };
    let parts = qkv.reshape(&[batch, rows, 3, heads, width / parts])?;
    let part = |i| parts.select(2, i)?.transpose(1, 2);
    Ok([part(0)?, part(1)?, part(2)?])
}

/// `[batch, heads, rows, head_dim]` as `[batch, rows, heads * head_dim]`: a view where the heads of
/// a row lie side by side, as in attention's output, else a copy.
///
/// # Errors
/// Another rank.
pub fn merge_heads(x: &Tensor) -> Result<Tensor> {
    let &[batch, heads, rows, dim] = x.shape() else {
        let reason = "heads are merged of [batch, heads, rows, head_dim]";
        return Err(Error::shape("merge_heads", &[x.shape()], reason));
    };
    x.transpose(1, 2)?.reshape(&[batch, rows, heads.saturating_mul(dim)])
}

/// `[batch, rows, heads * head_dim]` as `[batch, heads, rows, head_dim]`: what
/// [`merge_heads`] merged.
///
/// # Errors
/// Another rank, or a width that is no multiple of `heads`.
pub fn split_heads(x: &Tensor, heads: usize) -> Result<Tensor> {
    match *x.shape() {
        [batch, rows, width] if heads > 0 && width.is_multiple_of(heads) => {
            x.reshape(&[batch, rows, heads, width / heads])?.transpose(1, 2)
        }
        _ => {
            let reason =
                format!("[batch, rows, width] with a width of whole heads, {heads} of them");
            Err(Error::shape("split_heads", &[x.shape()], reason))
        }
    }
}
