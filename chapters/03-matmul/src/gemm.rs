//! The op: shapes are checked, batches folded, and one `Args` handed to the ladder.
use crate::ladder::{Args, LADDER, Matrix};
use strata_tensor::{Error, Layout, Result, Tensor, broadcast_shapes};

/// What happens to a product before it is stored:
///
/// ```text
/// out = [out +] alpha · a·b + bias + residual        activated = gelu(out)
/// ```
///
/// Fusing these saves a pass over `out` for each: at width 384, reading and writing the product
/// once more costs about as much as a twentieth of computing it.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a> {
    /// Factor on the product.
    pub alpha: f32,
    /// Add to what `out` holds instead of overwriting it: how gradients gather in their arena.
    pub accumulate: bool,
    /// `[n]`, added to every row.
    pub bias: Option<&'a Tensor>,
    /// A tensor of `out`'s shape to add.
    pub residual: Option<&'a Tensor>,
    /// A contiguous tensor of `out`'s shape that receives the tanh GELU of `out` (which keeps the
    /// value before the activation, as backward needs it). Not together with `accumulate` or
    /// `residual`.
    pub activated: Option<&'a Tensor>,
}

impl Default for Epilogue<'_> {
    fn default() -> Self {
        Epilogue { alpha: 1.0, accumulate: false, bias: None, residual: None, activated: None }
    }
}

/// `a·b`: matrices in the last two dimensions, everything before them broadcast as batches.
/// Transposed views cost nothing. The product has the dtype of `a`.
///
/// ```
/// # use strata_device::{Device, Settings};
/// # use strata_tensor::Tensor;
/// let device = Device::open("cpu", Settings::default())?;
/// let a = Tensor::from_slice(&device, &[1f32, 2., 3., 4.], &[2, 2])?;
/// let gram = strata_matmul::matmul(&a, &a.t()?)?;
/// assert_eq!(gram.to_vec::<f32>()?, [5., 11., 11., 25.]);
/// # Ok::<(), strata_tensor::Error>(())
/// ```
///
/// # Errors
/// The inner dimensions differ, the batches do not broadcast, fewer than two dimensions, a dtype
/// that has no rung, different devices, or the device fails.
pub fn matmul(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    let out = Tensor::empty_for("matmul", a.device(), a.dtype(), &product_shape(a, b)?)?;
    gemm_into(&out, a, b, Epilogue::default())?;
    Ok(out)
}

/// The shape of `a·b`.
pub(crate) fn product_shape(a: &Tensor, b: &Tensor) -> Result<Vec<usize>> {
    let fail = |reason: String| Err(Error::shape("matmul", &[a.shape(), b.shape()], reason));
    let (ra, rb) = (a.rank(), b.rank());
    if ra < 2 || rb < 2 {
        return fail("a matrix has two dimensions".into());
    }
    let (k, kb) = (a.shape()[ra - 1], b.shape()[rb - 2]);
    if k != kb {
        return fail(format!("the inner dimensions differ: rows of {k} against columns of {kb}"));
    }
    let mut shape = broadcast_shapes("matmul", &a.shape()[..ra - 2], &b.shape()[..rb - 2])?;
    shape.extend([a.shape()[ra - 2], b.shape()[rb - 1]]);
    Ok(shape)
}

/// Writes `a·b`, with an epilogue, into an existing tensor. `out` may be a view as long as its
/// last stride is 1: an arena's gradient, a slice of a larger tensor.
///
/// # Errors
/// As [`matmul`]; an `out`, bias, residual or activated tensor of the wrong shape; an `out` that
/// repeats elements; an operand that shares memory with `out`.
pub fn gemm_into(out: &Tensor, a: &Tensor, b: &Tensor, epilogue: Epilogue) -> Result<()> {
    match prepared(out, a, b, epilogue)? {
        // The device of `out` decides, with the rungs that its handle forces.
        Some(args) => Ok(LADDER.run(&args, out.device())?),
        None => Ok(()),
    }
}

/// A product as rungs take it; none where `out` has no elements.
pub(crate) fn prepared(
    out: &Tensor,
    a: &Tensor,
    b: &Tensor,
    epilogue: Epilogue,
) -> Result<Option<Args>> {
    let op = "matmul";
    for t in [Some(out), Some(a), Some(b), epilogue.bias, epilogue.residual, epilogue.activated] {
        let Some(t) = t else { continue };
        t.expect_float(op)?;
        out.same_device(op, t)?;
    }
    let shape = product_shape(a, b)?;
    check_shapes(&shape, out, &epilogue)?;
    if out.numel() == 0 {
        return Ok(None);
    }
    let batch = &shape[..shape.len() - 2];
    let whole = |t: &Tensor| t.broadcast_to(&[batch, &t.shape()[t.rank() - 2..]].concat());
    let (a, b) = (unit_stride(&whole(a)?)?, unit_stride(&whole(b)?)?);
    let args = match fold(out, &a, &b) {
        Some(folded) => folded,
        None => fold(out, &a.contiguous()?, &b.contiguous()?).ok_or_else(|| {
            let reason = "a view with this many separate batch dimensions cannot be written to";
            Error::shape(op, &[out.shape()], reason)
        })?,
    };
    let dense = |t: Option<&Tensor>| t.map(Tensor::contiguous).transpose();
    Ok(Some(Args {
        alpha: epilogue.alpha,
        accumulate: epilogue.accumulate,
        bias: dense(epilogue.bias)?,
        residual: dense(epilogue.residual)?,
        activated: epilogue.activated.cloned(),
        ..args
    }))
}

fn check_shapes(shape: &[usize], out: &Tensor, epilogue: &Epilogue) -> Result<()> {
    let op = "matmul";
    let fail = |t: &Tensor, reason: &str| Err(Error::shape(op, &[shape, t.shape()], reason));
    if out.shape() != shape {
        return fail(out, "the product's shape is not the output's");
    }
    let repeats = out.shape().iter().zip(out.strides()).any(|(&d, &s)| d > 1 && s == 0);
    let n = shape[shape.len() - 1];
    if repeats || (n > 1 && out.strides()[out.rank() - 1] != 1) {
        return fail(out, "an output's rows must lie side by side and no element repeat");
    }
    if let Some(bias) = epilogue.bias.filter(|b| b.shape() != [n]) {
        return fail(bias, "the bias must have an element for each column");
    }
    if let Some(residual) = epilogue.residual.filter(|r| r.shape() != shape) {
        return fail(residual, "the residual must have the product's shape");
    }
    if let Some(activated) = epilogue.activated {
        if activated.shape() != shape {
            return fail(activated, "the activated output must have the product's shape");
        }
        activated.expect_contiguous(op)?;
        if epilogue.accumulate || epilogue.residual.is_some() {
            let reason = "GELU goes with a bias, not with `accumulate` or a residual";
            return Err(Error::value(op, reason));
        }
    }
    Ok(())
}

/// The tensor itself if rows or columns lie side by side, else a copy.
fn unit_stride(t: &Tensor) -> Result<Tensor> {
    let r = t.rank();
    let unit = |d: usize| t.strides()[d] == 1 || t.shape()[d] <= 1;
    if unit(r - 1) || unit(r - 2) { Ok(t.clone()) } else { t.contiguous() }
}

/// Folds the batches: into the rows where one `b` serves all, else into at most two dimensions.
fn fold(out: &Tensor, a: &Tensor, b: &Tensor) -> Option<Args> {
    let r = out.rank();
    let part = |t: &Tensor, to: usize| Layout {
        shape: t.shape()[..to].to_vec(),
        strides: t.strides()[..to].to_vec(),
        offset: 0,
    };
    let one_b = b.shape()[..r - 2].iter().zip(b.strides()).all(|(&d, &s)| d == 1 || s == 0);
    let (mut m, n, k) = (out.shape()[r - 2], out.shape()[r - 1], a.shape()[r - 1]);
    let rows = Layout::collapse(&[part(a, r - 1), part(out, r - 1)]);
    let (mut a_row, mut c_row) = (a.strides()[r - 2], out.strides()[r - 2]);
    let mut batch: Vec<usize> = vec![];
    let mut steps = [[0; 2]; 3];
    if one_b && rows[0].shape.len() == 1 {
        m = rows[0].shape[0];
        (a_row, c_row) = (rows[0].strides[0], rows[1].strides[0]);
    } else {
        let merged = Layout::collapse(&[part(a, r - 2), part(b, r - 2), part(out, r - 2)]);
        batch.clone_from(&merged[0].shape);
        if batch.len() > 2 {
            return None;
        }
        for (step, layout) in steps.iter_mut().zip(&merged) {
            let d = layout.strides.len();
            step[2 - d..].copy_from_slice(&layout.strides);
        }
    }
    // Strides of one-long dimensions mean nothing; 1 lets kernels take the fast way.
    let stride = |d: usize, s: usize| if d <= 1 { 1 } else { s };
    let matrix = |t: &Tensor, row: usize, col: usize, step: [usize; 2]| Matrix {
        tensor: t.clone(),
        row,
        col,
        outer: step[0],
        inner: step[1],
    };
    Some(Args {
        m,
        n,
        k,
        batches: batch.iter().product(),
        inner: batch.last().copied().unwrap_or(1),
        a: matrix(a, stride(m, a_row), stride(k, a.strides()[r - 1]), steps[0]),
        b: matrix(b, stride(k, b.strides()[r - 2]), stride(n, b.strides()[r - 1]), steps[1]),
        out: matrix(out, c_row, 1, steps[2]),
        alpha: 1.0,
        accumulate: false,
        bias: None,
        residual: None,
        activated: None,
    })
}
