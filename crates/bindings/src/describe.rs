//! What a tensor is.
use crate::Result;
use crate::table::{freed_op, get};

exports! { ($) describe_functions
    now {
        describe: (a: Handle) -> Numbers;
        op_of: (a: Handle) -> String;
        id_of: (a: Handle) -> f64;
        storage_of: (a: Handle) -> Numbers;
    }
}

/// `[dtype, requiresGrad, isLeaf, offset, rank, ...shape, ...strides]`.
pub fn describe(a: u32) -> Result<Vec<f64>> {
    let (var, freed) = (get(a)?, freed_op(a)?.is_some());
    let value = var.value();
    let wants = var.requires_grad() || freed;
    let leaf = var.op().is_none() && !freed;
    let mut all = vec![
        f64::from(value.dtype().code()),
        f64::from(u8::from(wants)),
        f64::from(u8::from(leaf)),
        value.offset() as f64,
        value.rank() as f64,
    ];
    all.extend(value.shape().iter().chain(value.strides()).map(|&x| x as f64));
    Ok(all)
}

/// The op that made it; empty for a leaf.
pub fn op_of(a: u32) -> Result<String> {
    Ok(get(a)?.op().or(freed_op(a)?).unwrap_or_default().into())
}

/// A number no other variable of this process has: the `id` of its node in a graph.
pub fn id_of(a: u32) -> Result<f64> {
    Ok(get(a)?.id() as f64)
}

/// `[storage id, storage bytes]`.
pub fn storage_of(a: u32) -> Result<Vec<f64>> {
    let var = get(a)?;
    let buffer = var.value().buffer();
    Ok(vec![buffer.memory().id() as f64, buffer.bytes() as f64])
}
