use super::Trainer;
use crate::Result;
use strata_autograd::GraphNode;
use strata_tensor::{DType, Tensor};

/// Runs the step's forward and backward pass once more, without an update, and names the first
/// tensor that is not finite: an activation in the order they are computed, else a gradient in the
/// order the tape walks back. None if the fault does not repeat.
pub(super) async fn first_non_finite(trainer: &Trainer) -> Result<Option<String>> {
    if let Some(name) = trainer.model().non_finite_parameter_async().await? {
        return Ok(Some(format!("parameter {name}")));
    }
    trainer.model().parameters().zero_grad()?;
    let loss = trainer.loss_on_tape()?;
    let graph = loss.graph();
    for node in &graph.nodes {
        if node.var.op().is_some() && !finite(node.var.value()).await? {
            return Ok(Some(describe(node, &graph.nodes)));
        }
        node.var.retain_grad();
    }
    loss.backward()?;
    for node in graph.nodes.iter().rev() {
        let Some(grad) = node.var.grad() else { continue };
        if !finite(&grad).await? {
            return Ok(Some(format!("the gradient of {}", describe(node, &graph.nodes))));
        }
    }
    Ok(None)
}

async fn finite(tensor: &Tensor) -> Result<bool> {
    Ok(tensor.cast(DType::F32)?.read::<f32>().await?.iter().all(|x| x.is_finite()))
}

/// `linear (transformer.h.3.attn.c_attn.weight)`: the op, and the parameter that tells where.
fn describe(node: &GraphNode, nodes: &[GraphNode]) -> String {
    if let Some(name) = &node.name {
        return format!("parameter {name}");
    }
    let near = node.inputs.iter().find_map(|id| nodes.iter().find(|n| n.id == *id)?.name.as_ref());
    match near {
        Some(name) => format!("the output of {} ({name})", node.op),
        None => format!("the output of {} of shape {:?}", node.op, node.shape),
    }
}
