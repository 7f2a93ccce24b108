use strata_device::Launch;
use strata_tensor::{DType, Error, Result, Tensor};

/// Rows and their width, of an f32 tensor whose last dimension is one distribution.
pub(crate) fn rows(op: &'static str, x: &Tensor) -> Result<(usize, usize)> {
    x.expect_dtype(op, DType::F32)?;
    match x.shape().split_last() {
        Some((&width, _)) if width > 0 => Ok((x.numel() / width, width)),
        _ => Err(Error::shape(op, &[x.shape()], "needs a last dimension above 0")),
    }
}

/// Checks that two f32 tensors share shape and device.
pub(crate) fn alike(op: &'static str, a: &Tensor, b: &Tensor) -> Result<()> {
    b.expect_dtype(op, DType::F32)?;
    a.same_device(op, b)?;
    match a.shape() == b.shape() {
        true => Ok(()),
        false => Err(Error::shape(op, &[a.shape(), b.shape()], "the shapes differ")),
    }
}

/// A workgroup of 256 for each row; they walk on where there are more rows than a grid may hold.
pub(crate) fn row_blocks(launch: Launch, rows: usize) -> Launch {
    launch.grid(rows.min(65_535), 1, 1).block(256, 1, 1).constant("WG", 256)
}
