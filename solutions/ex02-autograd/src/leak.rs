//! A training loop that trains, somehow.
//!
//! Gradient descent with momentum, as chapter 8 will have it: the velocity is a fading sum of the
//! gradients of all steps, and the weights follow it. Users have written in. The loss goes down, then
//! up, then anywhere, and after an hour the machine is out of memory.

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
    // exercise: bug
    // stub: let mut total = Var::constant(Tensor::zeros(start.device(), start.dtype(), &[])?);
    let mut total = Tensor::zeros(start.device(), start.dtype(), &[])?;
    // exercise: end
    for step in 0..steps {
        let loss = loss_of(&weights, step)?;
        loss.backward()?;
        if let Some(gradient) = weights.grad() {
            velocity = velocity.affine(momentum, 0.0)?.add(&gradient)?;
            ops::accumulate(weights.value(), &velocity, -rate)?;
        }
        // exercise: bug
        // stub: total = total.add(&loss)?;
        total = total.add(loss.value())?;
        weights.zero_grad()?;
        // exercise: end
    }
    // exercise: bug
    // stub: let mean = total.value().item::<f32>()? / steps as f32;
    let mean = total.item::<f32>()? / steps as f32;
    // exercise: end
    Ok((weights.value().clone(), mean))
}
