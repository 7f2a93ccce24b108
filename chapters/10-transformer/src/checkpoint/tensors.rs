use crate::{Error, Result};
use half::{bf16, f16};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use strata_autograd::ParamInfo;

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
    parse_tensors(path, &strata_files::read(path, u64::MAX)?)
}

/// [`read_tensors`] of bytes that `path` held.
pub(crate) fn parse_tensors(path: &Path, bytes: &[u8]) -> Result<BTreeMap<String, NamedTensor>> {
    let file = open(path, bytes)?;
    let mut out = BTreeMap::new();
    for (name, view) in file.iter() {
        let data = match view.dtype() {
            // Masks that old GPT-2 files carry; whoever needs the tensor finds it empty.
            Dtype::BOOL | Dtype::U8 => Vec::new(),
            dtype => {
                let mut data = vec![0f32; view.data().len() / width(path, name, dtype)?];
                widen(&view, &mut data);
                data
            }
        };
        let shape = view.shape().to_vec();
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

/// Bytes of an element.
fn width(path: &Path, name: &str, dtype: Dtype) -> Result<usize> {
    match dtype {
        Dtype::F32 => Ok(4),
        Dtype::F16 | Dtype::BF16 => Ok(2),
        other => {
            let reason = format!("tensor {name} is {other:?}; f32, f16 and bf16 can be read");
            Err(Error::checkpoint(path, reason))
        }
    }
}

/// The elements as f32; the slice has as many.
fn widen(view: &TensorView, into: &mut [f32]) {
    let bytes = view.data();
    let halves = |f: fn(u16) -> f32, into: &mut [f32]| {
        for (x, &b) in into.iter_mut().zip(bytes.as_chunks::<2>().0) {
            *x = f(u16::from_le_bytes(b));
        }
    };
    match view.dtype() {
        Dtype::F16 => halves(|b| f16::from_bits(b).to_f32(), into),
        Dtype::BF16 => halves(|b| bf16::from_bits(b).to_f32(), into),
        _ => {
            for (x, &b) in into.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *x = f32::from_le_bytes(b);
            }
        }
    }
}

/// The tensors of a file that a model's parameters are read from, each found by its name.
pub(super) struct Source<'a> {
    path: &'a Path,
    file: SafeTensors<'a>,
    prefix: &'static str,
}

impl<'a> Source<'a> {
    /// The file's header is read, its numbers are not.
    pub fn new(path: &'a Path, bytes: &'a [u8], prefix: &'static str) -> Result<Self> {
        Ok(Source { path, file: open(path, bytes)?, prefix })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        self.path
    }

    /// How many tensors it has.
    pub fn len(&self) -> usize {
        self.file.len()
    }

    /// The tensor of a parameter, under GPT-2's name with or without `transformer.`; none if it has
    /// no such tensor.
    fn find(&self, name: &str) -> Option<TensorView<'a>> {
        let bare = name.strip_prefix("transformer.").unwrap_or(name);
        let of = |name: &str| self.file.tensor(&format!("{}{name}", self.prefix)).ok();
        of(name).or_else(|| of(bare))
    }

    /// Checks that a parameter is there, in this shape.
    ///
    /// # Errors
    /// It is not.
    pub fn check(&self, name: &str, shape: &[usize]) -> Result<()> {
        let tensor = self.find(name);
        let name = &format!("{}{name}", self.prefix);
        let tensor = tensor
            .ok_or_else(|| Error::checkpoint(self.path, format!("tensor {name} is missing")))?;
        width(self.path, name, tensor.dtype())?;
        if tensor.shape() != shape {
            let have = tensor.shape();
            let reason = format!("tensor {name} has shape {have:?}, the model needs {shape:?}");
            return Err(Error::checkpoint(self.path, reason));
        }
        Ok(())
    }

    /// Copies a parameter's numbers to its place in an arena.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    #[expect(
        clippy::indexing_slicing,
        reason = "an arena of the model's has a place for each parameter"
    )]
    pub fn fill(&self, info: &ParamInfo, arena: &mut [f32]) -> Result<()> {
        self.check(&info.name, &info.shape)?;
        if let Some(tensor) = self.find(&info.name) {
            let n: usize = info.shape.iter().product();
            widen(&tensor, &mut arena[info.offset..info.offset + n]);
        }
        Ok(())
    }

    /// A tensor that is none of these parameters, nor one that GPT-2 files may carry beside them:
    /// the tied head and constant masks.
    pub fn stranger(&self, infos: &[ParamInfo]) -> Option<String> {
        let known: std::collections::HashSet<&str> = infos
            .iter()
            .flat_map(|info| [Some(info.name.as_str()), info.name.strip_prefix("transformer.")])
            .flatten()
            .collect();
        let constant = |name: &str| {
            name == "lm_head.weight"
                || name.ends_with(".attn.bias")
                || name.ends_with(".attn.masked_bias")
        };
        let mut strangers: Vec<&str> =
            self.file.names().into_iter().filter(|n| !known.contains(n) && !constant(n)).collect();
        strangers.sort_unstable();
        strangers.first().map(|name| name.to_string())
    }
}
