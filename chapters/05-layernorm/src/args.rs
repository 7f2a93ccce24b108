use strata_device::Launch;
use strata_tensor::{Error, Result, Tensor};

/// The widest row that the block rungs hold in registers: 32 numbers for each of 256 invocations.
pub(crate) const WIDEST: usize = 8192;

/// Rows and their width, of a tensor whose last dimension is normalized.
pub(crate) fn rows(op: &'static str, x: &Tensor) -> Result<(usize, usize)> {
    x.expect_float(op)?;
    match x.shape().split_last() {
        Some((&width, _)) if width > 0 => Ok((x.numel() / width, width)),
        _ => Err(Error::shape(op, &[x.shape()], "needs a last dimension above 0 to normalize")),
    }
}

/// Checks that `other` holds floats in this shape on the device of `x`.
pub(crate) fn like(op: &'static str, x: &Tensor, other: &Tensor, shape: &[usize]) -> Result<()> {
    other.expect_float(op)?;
    x.same_device(op, other)?;
    if other.shape() == shape {
        return Ok(());
    }
    let reason = format!("the second must have shape {shape:?}");
    Err(Error::shape(op, &[x.shape(), other.shape()], reason))
}

/// Checks eps.
pub(crate) fn eps_in_range(op: &'static str, eps: f32) -> Result<()> {
    if eps >= 0.0 && eps.is_finite() {
        return Ok(());
    }
    Err(Error::value(op, format!("eps is {eps}; it must be a finite number, 0 or above")))
}

/// A workgroup for each row (they walk on where there are more rows than the grid may hold), each
/// invocation with `PER` elements of it: 128 invocations up to a width of 1024, else 256, so that
/// few of them stand idle at the row's end.
pub(crate) fn row_blocks(launch: Launch, groups: usize, width: usize) -> Launch {
    let block = if width <= 1024 { 128 } else { 256 };
    launch.spread(groups, block).constant("WG", block).constant("PER", per(width) as u32)
}

/// Elements of a row to an invocation of [`row_blocks`], and of [`wide_blocks`].
pub(crate) fn per(width: usize) -> usize {
    width.div_ceil(if width <= 1024 { 128 } else { 256 })
}

/// Rounds of the trees of two sums over a workgroup, at most.
pub(crate) const TWO_SUMS: usize = 16;

/// A workgroup of 256 for each row, however wide.
pub(crate) fn wide_blocks(launch: Launch, rows: usize) -> Launch {
    launch.spread(rows, 256).constant("WG", 256)
}
