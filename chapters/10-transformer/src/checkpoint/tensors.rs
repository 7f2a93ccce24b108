use crate::{Error, Result};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use strata_tensor::DType;

/// A tensor on the host, in f32.
#[derive(Clone, Debug, PartialEq)]
pub struct NamedTensor {
    /// Its name in the file.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Elements in row-major order.
    pub data: Vec<f32>,
}

/// A safetensors file's bytes, numbers in f32. Same tensors, same bytes.
///
/// # Errors
/// Two tensors of one name.
pub fn write_tensors(tensors: &[NamedTensor]) -> Result<Vec<u8>> {
    let each: Vec<_> = tensors.iter().map(|tensor| (tensor, DType::F32)).collect();
    write_tensors_as(&each)
}

/// A safetensors file's bytes, each tensor's numbers in the dtype beside it: f32, or rounded to the
/// nearest bf16 or f16. Same tensors, same bytes.
///
/// # Errors
/// Two tensors of one name; a dtype that is no float; a number beyond the largest of its dtype.
pub fn write_tensors_as(tensors: &[(&NamedTensor, DType)]) -> Result<Vec<u8>> {
    let fail = |e: safetensors::SafeTensorError| Error::Value(format!("safetensors: {e}"));
    let kept: Vec<(Dtype, Cow<[u8]>)> =
        tensors.iter().map(|&(tensor, dtype)| rounded(tensor, dtype)).collect::<Result<_>>()?;
    let views: Vec<(String, TensorView)> = tensors
        .iter()
        .zip(&kept)
        .map(|((t, _), (dtype, bytes))| {
            Ok((t.name.clone(), TensorView::new(*dtype, t.shape.clone(), bytes).map_err(fail)?))
        })
        .collect::<Result<_>>()?;
    // One key only: the writer keeps them in a hash map, and two would come in any order.
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    safetensors::serialize(views, Some(metadata)).map_err(fail)
}

/// A tensor's bytes in a dtype.
fn rounded(tensor: &NamedTensor, dtype: DType) -> Result<(Dtype, Cow<'_, [u8]>)> {
    fn all<const N: usize>(
        tensor: &NamedTensor,
        dtype: DType,
        most: f32,
        to: impl Fn(f32) -> (bool, [u8; N]),
    ) -> Result<Cow<'_, [u8]>> {
        let mut bytes = Vec::with_capacity(tensor.data.len() * N);
        for &x in &tensor.data {
            let (finite, b) = to(x);
            if x.is_finite() && !finite {
                return Err(Error::Value(format!(
                    "tensor {} holds {x}, and {dtype} ends at {most}: save it in f32",
                    tensor.name
                )));
            }
            bytes.extend(b);
        }
        Ok(bytes.into())
    }
    Ok(match dtype {
        DType::F32 => (Dtype::F32, bytemuck::cast_slice(&tensor.data).into()),
        DType::F16 => {
            let to = |x| (f16::from_f32(x).is_finite(), f16::from_f32(x).to_le_bytes());
            (Dtype::F16, all(tensor, dtype, f16::MAX.to_f32(), to)?)
        }
        DType::BF16 => {
            let to = |x| (bf16::from_f32(x).is_finite(), bf16::from_f32(x).to_le_bytes());
            (Dtype::BF16, all(tensor, dtype, bf16::MAX.to_f32(), to)?)
        }
        other => {
            let name = &tensor.name;
            let text = format!("tensor {name} cannot be saved in {other}; use f32, bf16 or f16");
            return Err(Error::Value(text));
        }
    })
}

/// The tensors of a safetensors file by name, as f32: floats of 16 bits widened, those of 64 rounded,
/// integers and truth values as they are.
///
/// # Errors
/// Missing, truncated or damaged; of a dtype that is neither; an integer that f32 cannot hold.
pub fn read_tensors(path: &Path) -> Result<BTreeMap<String, NamedTensor>> {
    parse_tensors(path, &strata_files::read(path, u64::MAX)?)
}

/// [`read_tensors`] of bytes that `path` held.
fn parse_tensors(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, NamedTensor>> {
    let file = open(path, bytes)?;
    let mut out = BTreeMap::new();
    for (name, view) in file.iter() {
        let (data, shape) = (numbers(path, name, &view)?, view.shape().to_vec());
        out.insert(name.to_string(), NamedTensor { name: name.to_string(), shape, data });
    }
    Ok(out)
}

pub(super) fn open<'a>(path: &Path, bytes: &'a [u8]) -> Result<SafeTensors<'a>> {
    SafeTensors::deserialize(bytes).map_err(|e| {
        let reason = format!("not a whole safetensors file ({e}); it is truncated or damaged");
        Error::checkpoint(path, reason)
    })
}

/// Sees that a parameter has a dtype that parameters have: what an integer stands for is in no file.
pub(super) fn expect_float(path: &Path, name: &str, dtype: Dtype) -> Result<()> {
    match dtype {
        Dtype::F32 | Dtype::F16 | Dtype::BF16 => Ok(()),
        other => {
            let reason =
                format!("tensor {name} is {other:?}; parameters of f32, f16 and bf16 can be read");
            Err(Error::checkpoint(path, reason))
        }
    }
}

/// Elements of so many bytes, each as f32.
fn each<const N: usize>(bytes: &[u8], from: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|&b| from(b)).collect()
}

/// The elements of a parameter as f32; its dtype is known to be a float, and the slice has as many.
pub(super) fn widen(view: &TensorView, into: &mut [f32]) {
    fn all<const N: usize>(bytes: &[u8], into: &mut [f32], from: impl Fn([u8; N]) -> f32) {
        for (x, &b) in into.iter_mut().zip(bytes.as_chunks::<N>().0) {
            *x = from(b);
        }
    }
    let bytes = view.data();
    match view.dtype() {
        Dtype::F16 => all(bytes, into, |b| f16::from_le_bytes(b).to_f32()),
        Dtype::BF16 => all(bytes, into, |b| bf16::from_le_bytes(b).to_f32()),
        _ => all(bytes, into, f32::from_le_bytes),
    }
}

/// [`widen`] into a vector.
pub(super) fn floats(view: &TensorView) -> Vec<f32> {
    let width = if view.dtype() == Dtype::F32 { 4 } else { 2 };
    let mut all = vec![0.0; view.data().len() / width];
    widen(view, &mut all);
    all
}

/// The elements of a tensor of any dtype.
#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn numbers(path: &Path, name: &str, view: &TensorView) -> Result<Vec<f32>> {
    let bytes = view.data();
    let exact = |whole: Option<Vec<f32>>| {
        whole.ok_or_else(|| {
            let reason = format!(
                "tensor {name} is {:?} and holds a number that f32 cannot hold",
                view.dtype()
            );
            Error::checkpoint(path, reason)
        })
    };
    Ok(match view.dtype() {
        Dtype::F32 | Dtype::F16 | Dtype::BF16 => floats(view),
        Dtype::F64 => each(bytes, |b| f64::from_le_bytes(b) as f32),
        Dtype::BOOL | Dtype::U8 => each(bytes, |[b]| f32::from(b)),
        Dtype::I8 => each(bytes, |b| f32::from(i8::from_le_bytes(b))),
        Dtype::I16 => each(bytes, |b| f32::from(i16::from_le_bytes(b))),
        Dtype::U16 => each(bytes, |b| f32::from(u16::from_le_bytes(b))),
        Dtype::I32 => exact(wholes(bytes, |b| i32::from_le_bytes(b).into()))?,
        Dtype::U32 => exact(wholes(bytes, |b| u32::from_le_bytes(b).into()))?,
        Dtype::I64 => exact(wholes(bytes, |b| i64::from_le_bytes(b).into()))?,
        Dtype::U64 => exact(wholes(bytes, |b| u64::from_le_bytes(b).into()))?,
        other => {
            let reason = format!("tensor {name} is {other:?}, which cannot be read as f32");
            return Err(Error::checkpoint(path, reason));
        }
    })
}

/// Whole numbers as f32, if it can hold every one: 24 bits between the first and the last that is set.
fn wholes<const N: usize>(bytes: &[u8], from: impl Fn([u8; N]) -> i128) -> Option<Vec<f32>> {
    let one = |&b: &[u8; N]| {
        let whole = from(b);
        let bits = whole.unsigned_abs();
        let fits = bits == 0 || 128 - bits.leading_zeros() - bits.trailing_zeros() <= 24;
        fits.then_some(whole as f32)
    };
    bytes.as_chunks::<N>().0.iter().map(one).collect()
}
