use crate::{DType, Error, Result, Tensor};

/// Tensors side by side along dimension `d`.
///
/// # Errors
/// None given; dtypes, devices or the other dimensions differ.
pub fn concat(parts: &[Tensor], d: usize) -> Result<Tensor> {
    let Some(first) = parts.first() else {
        return Err(Error::value("concat", "needs at least one tensor"));
    };
    first.dim("concat", d)?;
    let mut shape = first.shape().to_vec();
    shape[d] = 0;
    for part in parts {
        let fits = part.rank() == first.rank()
            && (0..shape.len()).all(|i| i == d || part.shape()[i] == first.shape()[i]);
        if !fits {
            let reason = format!("all dimensions but {d} must agree");
            return Err(Error::shape("concat", &[first.shape(), part.shape()], reason));
        }
        part.expect_dtype("concat", first.dtype())?;
        first.same_device("concat", part)?;
        let sum = shape[d].checked_add(part.shape()[d]);
        shape[d] = sum.ok_or_else(|| Error::Overflow { op: "concat", shape: shape.clone() })?;
    }
    if first.dtype().size() == 2 {
        // Portable WGSL writes words, not halves of them: the parts meet in f32, which loses nothing.
        let wide: Vec<Tensor> = parts.iter().map(|p| p.cast(DType::F32)).collect::<Result<_>>()?;
        return concat(&wide, d)?.cast(first.dtype());
    }
    let out = Tensor::empty_for("concat", first.device(), first.dtype(), &shape)?;
    let mut at = 0;
    for part in parts {
        let len = part.shape()[d];
        super::copy_into(part, &out.narrow(d, at, len)?)?;
        at += len;
    }
    Ok(out)
}

/// Tensors of one shape along a new dimension `d`.
///
/// # Errors
/// As [`concat()`].
pub fn stack(parts: &[Tensor], d: usize) -> Result<Tensor> {
    let parts: Vec<Tensor> = parts.iter().map(|p| p.unsqueeze(d)).collect::<Result<_>>()?;
    concat(&parts, d)
}
