//! Other shapes over the same numbers.
use crate::Result;
use crate::engine::autograd::{self, Var};
use crate::engine::device::trace;
use crate::engine::tensor;
use crate::numbers::{dims, dtype, shape, whole};
use crate::table::{get_all, op1, put};

exports! { ($) shapes_functions
    now {
        reshape: (a: Handle, to: Numbers) -> Handle;
        permute: (a: Handle, order: Numbers) -> Handle;
        transpose: (a: Handle, d0: u32, d1: u32) -> Handle;
        narrow: (a: Handle, d: u32, start: f64, length: f64) -> Handle;
        slice_step: (a: Handle, d: u32, start: f64, end: f64, step: f64) -> Handle;
        select: (a: Handle, d: u32, index: f64) -> Handle;
        squeeze, unsqueeze: (a: Handle, d: u32) -> Handle;
        broadcast_to: (a: Handle, to: Numbers) -> Handle;
        contiguous: (a: Handle) -> Handle;
        cast: (a: Handle, to: u32) -> Handle;
        concat, stack: (parts: Handles, d: u32) -> Handle;
    }
}

/// The same elements under another shape.
pub fn reshape(a: u32, to: Vec<f64>) -> Result<u32> {
    let to = shape("reshape", &to)?;
    op1(a, |a| a.reshape(&to))
}

/// Dimensions in another order.
pub fn permute(a: u32, order: Vec<f64>) -> Result<u32> {
    let order = dims("permute", &order)?;
    op1(a, |a| a.permute(&order))
}

/// Two dimensions swapped.
pub fn transpose(a: u32, d0: u32, d1: u32) -> Result<u32> {
    op1(a, |a| a.transpose(d0 as usize, d1 as usize))
}

/// A range of a dimension.
pub fn narrow(a: u32, d: u32, start: f64, length: f64) -> Result<u32> {
    let op = "narrow";
    let (start, length) = (whole(op, "start", start)?, whole(op, "length", length)?);
    op1(a, |a| a.narrow(d as usize, start, length))
}

/// Every `step`-th element of a range.
pub fn slice_step(a: u32, d: u32, start: f64, end: f64, step: f64) -> Result<u32> {
    let whole = |name, x| whole("slice", name, x);
    let (start, end, step) = (whole("start", start)?, whole("end", end)?, whole("step", step)?);
    op1(a, |a| a.slice_step(d as usize, start, end, step))
}

/// One element along a dimension, which goes away.
pub fn select(a: u32, d: u32, index: f64) -> Result<u32> {
    let index = whole("select", "the index", index)?;
    op1(a, |a| a.select(d as usize, index))
}

/// A dimension of 1 less.
pub fn squeeze(a: u32, d: u32) -> Result<u32> {
    op1(a, |a| a.squeeze(d as usize))
}

/// A dimension of 1 more.
pub fn unsqueeze(a: u32, d: u32) -> Result<u32> {
    op1(a, |a| a.unsqueeze(d as usize))
}

/// Stretched to a shape.
pub fn broadcast_to(a: u32, to: Vec<f64>) -> Result<u32> {
    let to = shape("expand", &to)?;
    op1(a, |a| a.broadcast_to(&to))
}

/// Row-major, and a copy only where it was not.
pub fn contiguous(a: u32) -> Result<u32> {
    op1(a, Var::contiguous)
}

/// The elements as another dtype.
pub fn cast(a: u32, to: u32) -> Result<u32> {
    let to = dtype("cast", to)?;
    op1(a, |a| a.cast(to))
}

type Join = fn(&[&Var], usize) -> tensor::Result<Var>;

fn join(parts: &[u32], d: u32, with: Join) -> Result<u32> {
    let parts = get_all(parts)?;
    let parts: Vec<&Var> = parts.iter().collect();
    Ok(put(trace::on(|| with(&parts, d as usize))?))
}

/// Side by side along a dimension.
pub fn concat(parts: Vec<u32>, d: u32) -> Result<u32> {
    join(&parts, d, autograd::concat)
}

/// Side by side along a new dimension.
pub fn stack(parts: Vec<u32>, d: u32) -> Result<u32> {
    join(&parts, d, autograd::stack)
}
