//! A training loop that trains, somehow.
//!
//! Gradient descent with momentum, as chapter 8 will have it: the velocity is a fading sum of the
//! gradients of all steps, and the weights follow it. Users have written in. The loss goes down, then
//! up, then anywhere, and after an hour the machine is out of memory.
#![allow(unused, unreachable_code, clippy::all)]

use strata_ml::autograd::Var;
use strata_ml::tensor::{Result, Tensor, ops};

/// What a step's loss is: a number computed from the weights, and the step.
pub type Loss<'a> = &'a dyn Fn(&Var, usize) -> Result<Var>;

/// Trains for some steps from the weights `start`. Returns the weights, and the mean of the losses.
///
/// # Errors
/// The loss cannot be computed; the device fails.
pub fn train(
    start: &Tensor,
    steps: usize,
    rate: f32,
    momentum: f32,
    loss_of: Loss<'_>,
) -> Result<(Tensor, f32)> {
    let weights = Var::leaf(ops::copy(start)?);
    let mut velocity = Tensor::zeros(start.device(), start.dtype(), start.shape())?;
    let mut total = Var::constant(Tensor::zeros(start.device(), start.dtype(), &[])?);
    for step in 0..steps {
        let loss = loss_of(&weights, step)?;
        loss.backward()?;
        if let Some(gradient) = weights.grad() {
            velocity = velocity.affine(momentum, 0.0)?.add(&gradient)?;
            ops::accumulate(weights.value(), &velocity, -rate)?;
        }
        total = total.add(&loss)?;
    }
    let mean = total.value().item::<f32>()? / steps as f32;
    Ok((weights.value().clone(), mean))
}
