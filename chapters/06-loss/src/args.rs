use strata_device::Launch;
use strata_tensor::{Error, Result, Tensor};

/// Rows and their width, of a tensor whose last dimension is one distribution.
pub(crate) fn rows(op: &'static str, x: &Tensor) -> Result<(usize, usize)> {
    x.expect_float(op)?;
    match x.shape().split_last() {
        Some((&width, _)) if width > 0 => Ok((x.numel() / width, width)),
        _ => Err(Error::shape(op, &[x.shape()], "needs a last dimension above 0")),
    }
}

/// Checks that two tensors of floats share shape and device.
pub(crate) fn alike(op: &'static str, a: &Tensor, b: &Tensor) -> Result<()> {
    b.expect_float(op)?;
    a.same_device(op, b)?;
    match a.shape() == b.shape() {
        true => Ok(()),
        false => Err(Error::shape(op, &[a.shape(), b.shape()], "the shapes differ")),
    }
}

/// A workgroup for each row; they walk on where there are more rows than a grid may hold. Of up to
/// 256 invocations, in a short row as many as it needs, and `walks` times along the row, with two
/// reductions over the workgroup.
pub(crate) fn row_blocks(launch: Launch, shape: [usize; 2], walks: usize) -> Launch {
    row_trees(launch, shape, walks, 2)
}

/// As [`row_blocks`], with so many reductions.
pub(crate) fn row_trees(
    launch: Launch,
    [rows, width]: [usize; 2],
    walks: usize,
    trees: usize,
) -> Launch {
    let lanes = width.next_power_of_two().clamp(32, 256);
    let rounds = walks * width.div_ceil(lanes) + trees * TREE;
    launch.spread(rows, lanes as u32).constant("WG", lanes as u32).rounds(rounds)
}

/// Rounds of a reduction over a workgroup, at most.
const TREE: usize = 8;
