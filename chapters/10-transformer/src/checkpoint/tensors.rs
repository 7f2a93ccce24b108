use crate::{Error, Result};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;

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

/// A safetensors file's bytes. Same tensors, same bytes.
///
/// # Errors
/// Two tensors of one name.
pub fn write_tensors(tensors: &[NamedTensor]) -> Result<Vec<u8>> {
    let fail = |e: safetensors::SafeTensorError| Error::Value(format!("safetensors: {e}"));
    let views: Vec<(String, TensorView)> = tensors
        .iter()
        .map(|t| {
            let bytes = bytemuck::cast_slice(&t.data);
            Ok((t.name.clone(), TensorView::new(Dtype::F32, t.shape.clone(), bytes).map_err(fail)?))
        })
        .collect::<Result<_>>()?;
    // One key only: the writer keeps them in a hash map, and two would come in any order.
    let metadata = HashMap::from([("format".to_string(), "pt".to_string())]);
    safetensors::serialize(views, Some(metadata)).map_err(fail)
}

/// The tensors of a safetensors file by name, f16 and bf16 widened to f32.
///
/// # Errors
/// Missing, truncated or damaged, or of a dtype that is no float.
pub fn read_tensors(path: &Path) -> Result<BTreeMap<String, NamedTensor>> {
    let bytes = fs::read(path).map_err(|e| Error::file("read", path, e))?;
    let file = SafeTensors::deserialize(&bytes).map_err(|e| {
        let reason = format!("not a whole safetensors file ({e}); it is truncated or damaged");
        Error::checkpoint(path, reason)
    })?;
    let mut out = BTreeMap::new();
    for (name, view) in file.iter() {
        let data: Vec<f32> = match view.dtype() {
            Dtype::F32 => bytemuck::allocation::pod_collect_to_vec(view.data()),
            Dtype::F16 => halves(view.data(), |b| f16::from_bits(b).to_f32()),
            Dtype::BF16 => halves(view.data(), |b| bf16::from_bits(b).to_f32()),
            // Masks that old GPT-2 files carry; whoever needs the tensor finds it empty.
            Dtype::BOOL | Dtype::U8 => Vec::new(),
            other => {
                let reason = format!("tensor {name} is {other:?}; f32, f16 and bf16 can be read");
                return Err(Error::checkpoint(path, reason));
            }
        };
        let shape = view.shape().to_vec();
        out.insert(name.to_string(), NamedTensor { name: name.to_string(), shape, data });
    }
    Ok(out)
}

fn halves(bytes: &[u8], widen: fn(u16) -> f32) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|&b| widen(u16::from_le_bytes(b))).collect()
}
