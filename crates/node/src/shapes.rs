//! Other shapes over the same numbers.
use crate::guard::guard;
use crate::numbers::{dims, dtype, shape, whole};
use crate::table::{get_all, op1, put};
use napi_derive::napi;
use strata_ml::autograd::{self, Var};
use strata_ml::device::trace;

/// The same elements under another shape.
#[napi]
pub fn reshape(a: u32, to: Vec<f64>) -> napi::Result<u32> {
    let to = guard(|| shape("reshape", &to))?;
    op1(a, |a| a.reshape(&to))
}

/// Dimensions in another order.
#[napi]
pub fn permute(a: u32, order: Vec<f64>) -> napi::Result<u32> {
    let order = guard(|| dims("permute", &order))?;
    op1(a, |a| a.permute(&order))
}

/// Two dimensions swapped.
#[napi]
pub fn transpose(a: u32, d0: u32, d1: u32) -> napi::Result<u32> {
    op1(a, |a| a.transpose(d0 as usize, d1 as usize))
}

/// A range of a dimension.
#[napi]
pub fn narrow(a: u32, d: u32, start: f64, length: f64) -> napi::Result<u32> {
    let (start, length) = guard(|| {
        let op = "narrow";
        Ok((whole(op, "start", start)?, whole(op, "length", length)?))
    })?;
    op1(a, |a| a.narrow(d as usize, start, length))
}

/// Every `step`-th element of a range.
#[napi]
pub fn slice_step(a: u32, d: u32, start: f64, end: f64, step: f64) -> napi::Result<u32> {
    let [start, end, step] = guard(|| {
        let op = "slice";
        Ok([whole(op, "start", start)?, whole(op, "end", end)?, whole(op, "step", step)?])
    })?;
    op1(a, |a| a.slice_step(d as usize, start, end, step))
}

/// One element along a dimension, which goes away.
#[napi]
pub fn select(a: u32, d: u32, index: f64) -> napi::Result<u32> {
    let index = guard(|| whole("select", "the index", index))?;
    op1(a, |a| a.select(d as usize, index))
}

/// A dimension of 1 less.
#[napi]
pub fn squeeze(a: u32, d: u32) -> napi::Result<u32> {
    op1(a, |a| a.squeeze(d as usize))
}

/// A dimension of 1 more.
#[napi]
pub fn unsqueeze(a: u32, d: u32) -> napi::Result<u32> {
    op1(a, |a| a.unsqueeze(d as usize))
}

/// Stretched to a shape.
#[napi]
pub fn broadcast_to(a: u32, to: Vec<f64>) -> napi::Result<u32> {
    let to = guard(|| shape("expand", &to))?;
    op1(a, |a| a.broadcast_to(&to))
}

/// Row-major, and a copy only where it was not.
#[napi]
pub fn contiguous(a: u32) -> napi::Result<u32> {
    op1(a, Var::contiguous)
}

/// The elements as another dtype.
#[napi]
pub fn cast(a: u32, to: u32) -> napi::Result<u32> {
    let to = guard(|| dtype("cast", to))?;
    op1(a, |a| a.cast(to))
}

type Join = fn(&[&Var], usize) -> strata_ml::tensor::Result<Var>;

fn join(parts: &[u32], d: u32, with: Join) -> napi::Result<u32> {
    guard(|| {
        let parts = get_all(parts)?;
        let parts: Vec<&Var> = parts.iter().collect();
        Ok(put(trace::on(|| with(&parts, d as usize))?))
    })
}

/// Side by side along a dimension.
#[napi]
pub fn concat(parts: Vec<u32>, d: u32) -> napi::Result<u32> {
    join(&parts, d, autograd::concat)
}

/// Side by side along a new dimension.
#[napi]
pub fn stack(parts: Vec<u32>, d: u32) -> napi::Result<u32> {
    join(&parts, d, autograd::stack)
}
