//! What a tensor is.
use crate::guard::guard;
use crate::table::{get, spent};
use napi_derive::napi;

/// `[dtype, requiresGrad, isLeaf, offset, rank, ...shape, ...strides]`.
#[napi]
pub fn describe(a: u32) -> napi::Result<Vec<f64>> {
    guard(|| {
        let (var, spent) = (get(a)?, spent(a)?.is_some());
        let value = var.value();
        let wants = var.requires_grad() || spent;
        let leaf = var.op().is_none() && !spent;
        let mut all = vec![
            f64::from(value.dtype().code()),
            f64::from(u8::from(wants)),
            f64::from(u8::from(leaf)),
            value.offset() as f64,
            value.rank() as f64,
        ];
        all.extend(value.shape().iter().chain(value.strides()).map(|&x| x as f64));
        Ok(all)
    })
}

/// The op that made it; empty for a leaf.
#[napi]
pub fn op_of(a: u32) -> napi::Result<&'static str> {
    guard(|| Ok(get(a)?.op().or(spent(a)?).unwrap_or("")))
}

/// A number no other variable of this process has: the `id` of its node in a graph.
#[napi]
pub fn id_of(a: u32) -> napi::Result<f64> {
    guard(|| Ok(get(a)?.id() as f64))
}

/// `[storage id, storage bytes]`.
#[napi]
pub fn storage_of(a: u32) -> napi::Result<Vec<f64>> {
    guard(|| {
        let var = get(a)?;
        let buffer = var.value().buffer();
        Ok(vec![buffer.memory().id() as f64, buffer.bytes() as f64])
    })
}
