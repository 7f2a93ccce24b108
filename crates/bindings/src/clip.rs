//! Norms of gradients, and clipping by them.
use crate::engine::adamw::global_norm;
use crate::engine::autograd::Var;
use crate::engine::tensor::{Tensor, ops};
use crate::numbers::single;
use crate::table::get_all;
use crate::{Job, Result};
use std::collections::HashMap;

/// The Euclidean norm of all gradients together, on the device; none of none.
pub(crate) fn joint_norm(grads: &[&Tensor]) -> Result<Option<Tensor>> {
    let mut norms = Vec::with_capacity(grads.len());
    for grad in grads {
        norms.push(global_norm(grad)?);
    }
    match norms.len() {
        0 => Ok(None),
        1 => Ok(norms.pop()),
        _ => Ok(Some(global_norm(&ops::stack(&norms, 0)?)?)),
    }
}
/// A variable that stands twice in a list would have its gradient counted twice, and scaled twice.
fn listed_once(op: &str, vars: &[Var]) -> Result<()> {
    let mut places = HashMap::with_capacity(vars.len());
    for (j, var) in vars.iter().enumerate() {
        if let Some(i) = places.insert(var.id(), j) {
            return Err(error!(
                "argument",
                op, "parameter {j} is parameter {i} again; list each once"
            ));
        }
    }
    Ok(())
}

/// Scales gradients in place so that their global norm is at most `most`; returns what it was.
pub fn clip_grad_norm(parameters: Vec<u32>, most: f64) -> Result<f64> {
    clip_grad_norm_async(parameters, most)?.wait("clipGradNorm")
}

/// The same, where there is no waiting.
pub fn clip_grad_norm_async(parameters: Vec<u32>, most: f64) -> Result<Job<f64>> {
    let op = "clipGradNorm";
    if !(most > 0.0 && most.is_finite()) {
        return Err(error!("value", op, "the largest norm must be a positive number, not {most}"));
    }
    let vars = get_all(&parameters)?;
    listed_once(op, &vars)?;
    let grads: Vec<Tensor> = vars.iter().filter_map(Var::grad).collect();
    Ok(Job::of(async move || {
        let Some(norm) = joint_norm(&grads.iter().collect::<Vec<_>>())? else { return Ok(0.0) };
        let norm = norm.item_async::<f32>().await?;
        let factor = single(most) / (norm + 1e-6);
        if factor < 1.0 {
            for grad in &grads {
                ops::copy_into(&grad.affine(factor, 0.0)?, grad)?;
            }
        }
        Ok(f64::from(norm))
    }))
}
