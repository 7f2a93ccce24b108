use crate::{Access, Binding, DType};

/// How the copy engine lays the rows of a tile out in shared memory: which bits of an address are
/// exchanged, so that columns of a tile do not share a bank.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Swizzle {
    /// Row after row.
    #[default]
    None,
    /// Within 32 bytes.
    B32,
    /// Within 64 bytes.
    B64,
    /// Within 128 bytes: what tensor cores read without conflicts.
    B128,
}

/// A tensor as the copy engine of an NVIDIA card (Hopper's TMA) walks it: tile by tile, with zeros
/// where a tile reaches beyond the tensor. Kernels take them by value, behind the pointers and in front
/// of `Params`: `const __grid_constant__ TensorMap`, 128 bytes each, or all of them as one struct.
#[derive(Clone, Debug)]
pub struct TensorMap {
    /// The memory that it shows, from the tensor's first element on: a multiple of 16 bytes.
    pub of: Binding,
    /// Whether kernels fetch tiles, and no binding that is written may share the memory; or store them,
    /// and it lies within one that is.
    pub access: Access,
    /// Its elements.
    pub dtype: DType,
    /// Elements in each dimension, the outermost first; at most five.
    pub shape: Vec<usize>,
    /// Elements from one index to the next, for each dimension; the innermost one's is 1, and the
    /// others' are multiples of 16 bytes.
    pub strides: Vec<usize>,
    /// Elements of a tile in each dimension, at most 256; a row of it is a multiple of 16 bytes.
    pub tile: Vec<usize>,
    /// How its rows lie in shared memory.
    pub swizzle: Swizzle,
}

impl TensorMap {
    /// What is wrong with it, for the launch that it belongs to: it may not reach beyond its binding.
    pub(crate) fn fault(&self) -> Option<String> {
        let (rank, size) = (self.shape.len(), self.dtype.size());
        let of = &self.of;
        let end = of.offset.checked_add(of.bytes).filter(|end| *end <= of.memory.bytes());
        if end.is_none() || !of.offset.is_multiple_of(16) {
            let (offset, bytes, room) = (of.offset, of.bytes, of.memory.bytes());
            return Some(format!(
                "it shows {bytes} bytes from {offset} of a buffer of {room}; it begins at a multiple \
                 of 16 and stays within"
            ));
        }
        if !(1..=5).contains(&rank) || self.strides.len() != rank || self.tile.len() != rank {
            return Some(
                "it needs a size, a stride and a tile for each of 1 to 5 dimensions".into(),
            );
        }
        if self.shape.contains(&0) || self.tile.iter().any(|n| !(1..=256).contains(n)) {
            return Some("sizes are at least 1, those of a tile at most 256".into());
        }
        let (outer, inner) = self.strides.split_at(rank - 1);
        let sixteen = |bytes: Option<usize>| bytes.is_some_and(|bytes| bytes.is_multiple_of(16));
        let row = self.tile[rank - 1] * size;
        if inner != [1]
            || !outer.iter().all(|s| sixteen(s.checked_mul(size)))
            || !sixteen(Some(row))
        {
            return Some(
                "rows lie side by side, and strides and rows of a tile are multiples of 16 \
                         bytes"
                    .into(),
            );
        }
        let steps = self.shape.iter().zip(&self.strides);
        let last = steps.map(|(n, stride)| (n - 1).saturating_mul(*stride));
        let last = last.fold(0usize, usize::saturating_add);
        let bytes = last.saturating_add(1).saturating_mul(size);
        (bytes > of.bytes).then(|| format!("it shows {bytes} bytes of {}", of.bytes))
    }
}
