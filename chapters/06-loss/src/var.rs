use crate::{
    CrossEntropy, cross_entropy_backward, cross_entropy_backward_with, cross_entropy_forward,
    cross_entropy_forward_with, log_softmax_backward, log_softmax_forward, softmax_backward,
    softmax_forward,
};
use strata_autograd::Var;
use strata_tensor::{Result, Tensor};

/// Softmax over the last dimension.
///
/// # Errors
/// As [`softmax_forward`].
pub fn softmax(x: &Var) -> Result<Var> {
    let y = softmax_forward(x.value())?;
    let kept = y.clone();
    Ok(Var::from_op("softmax", y, &[x], move |dy, grads| {
        grads.add(0, softmax_backward(&kept, dy)?)
    }))
}

/// The logarithm of softmax over the last dimension.
///
/// # Errors
/// As [`log_softmax_forward`].
pub fn log_softmax(x: &Var) -> Result<Var> {
    let y = log_softmax_forward(x.value())?;
    let kept = y.clone();
    Ok(Var::from_op("log_softmax", y, &[x], move |dy, grads| {
        grads.add(0, log_softmax_backward(&kept, dy)?)
    }))
}

/// Mean cross-entropy of logits `[..., vocab]` against u32 targets `[...]`, in nats, of shape `[]`;
/// rows whose target is [`IGNORE`](crate::IGNORE) are left out. The tape keeps the logits and two
/// numbers a row; backward writes their gradient in one pass.
///
/// # Errors
/// As [`cross_entropy_forward`].
pub fn cross_entropy(logits: &Var, targets: &Tensor) -> Result<Var> {
    let loss = cross_entropy_forward(logits.value(), targets)?;
    let (x, targets, value) = (logits.value().clone(), targets.clone(), loss.mean.clone());
    Ok(Var::from_op("cross_entropy", value, &[logits], move |dloss, grads| {
        grads.add(0, cross_entropy_backward(&x, &targets, &loss, dloss, 1.0)?)
    }))
}

/// [`cross_entropy`] with smoothed labels, class weights or both; without either it is that function.
/// The tape keeps the logits and four numbers a row.
///
/// # Errors
/// As [`cross_entropy_forward_with`].
pub fn cross_entropy_with(logits: &Var, targets: &Tensor, options: &CrossEntropy) -> Result<Var> {
    let loss = cross_entropy_forward_with(logits.value(), targets, options)?;
    let (x, targets, value) = (logits.value().clone(), targets.clone(), loss.mean.clone());
    Ok(Var::from_op("cross_entropy", value, &[logits], move |dloss, grads| {
        grads.add(0, cross_entropy_backward_with(&x, &targets, &loss, dloss, 1.0)?)
    }))
}

/// The chapter's functions as methods.
pub trait LossExt {
    /// [`softmax`].
    ///
    /// # Errors
    /// As [`softmax_forward`].
    fn softmax(&self) -> Result<Var>;

    /// [`log_softmax`].
    ///
    /// # Errors
    /// As [`log_softmax_forward`].
    fn log_softmax(&self) -> Result<Var>;

    /// [`cross_entropy`] of these logits.
    ///
    /// # Errors
    /// As [`cross_entropy_forward`].
    fn cross_entropy(&self, targets: &Tensor) -> Result<Var>;

    /// [`cross_entropy_with`] of these logits.
    ///
    /// # Errors
    /// As [`cross_entropy_forward_with`].
    fn cross_entropy_with(&self, targets: &Tensor, options: &CrossEntropy) -> Result<Var>;
}

impl LossExt for Var {
    fn softmax(&self) -> Result<Var> {
        softmax(self)
    }

    fn log_softmax(&self) -> Result<Var> {
        log_softmax(self)
    }

    fn cross_entropy(&self, targets: &Tensor) -> Result<Var> {
        cross_entropy(self, targets)
    }

    fn cross_entropy_with(&self, targets: &Tensor, options: &CrossEntropy) -> Result<Var> {
        cross_entropy_with(self, targets, options)
    }
}
