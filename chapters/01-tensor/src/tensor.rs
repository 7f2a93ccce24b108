use crate::{DType, Element, Error, Layout, MAX_RANK, Result, numel};
use std::fmt;
use strata_device::{Buffer, Device, Slice};

/// A strided array on a device. Clones and views share one buffer.
#[derive(Clone)]
pub struct Tensor {
    buffer: Buffer,
    dtype: DType,
    layout: Layout,
}

impl Tensor {
    /// A tensor over part of an existing buffer: how parameters live in their arena.
    ///
    /// # Errors
    /// The layout reaches outside the buffer, or has more than [`MAX_RANK`] dimensions.
    pub fn from_buffer(buffer: Buffer, dtype: DType, layout: Layout) -> Result<Self> {
        let op = "from_buffer";
        numel(op, &layout.shape)?;
        if layout.shape.len() > MAX_RANK {
            let reason = format!("at most {MAX_RANK} dimensions");
            return Err(Error::shape(op, &[&layout.shape], reason));
        }
        if layout.strides.len() != layout.shape.len() {
            let reason = format!("as many strides as dimensions, not {:?}", layout.strides);
            return Err(Error::shape(op, &[&layout.shape], reason));
        }
        let extent = layout.extent();
        if extent > u32::MAX as usize {
            // Kernels count a tensor's elements from its first with 32 bits, gaps included.
            let reason = format!("strides {:?} reach over more than 2^32 elements", layout.strides);
            return Err(Error::shape(op, &[&layout.shape], reason));
        }
        let end = layout.offset.saturating_add(extent).saturating_mul(dtype.size());
        if end > buffer.bytes() {
            let (offset, bytes) = (layout.offset.saturating_mul(dtype.size()), buffer.bytes());
            return Err(strata_device::Error::Range { call: op, offset, end, bytes }.into());
        }
        Ok(Tensor { buffer, dtype, layout })
    }

    pub(crate) fn with_layout(&self, layout: Layout) -> Self {
        Tensor { buffer: self.buffer.clone(), dtype: self.dtype, layout }
    }

    /// The buffer behind it.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Where it lives.
    pub fn device(&self) -> &Device {
        self.buffer.device()
    }

    /// The type of its elements.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Shape, strides and offset.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Elements along each dimension.
    pub fn shape(&self) -> &[usize] {
        &self.layout.shape
    }

    /// Steps between neighbors along each dimension, in elements.
    pub fn strides(&self) -> &[usize] {
        &self.layout.strides
    }

    /// The first element's place in the buffer, in elements.
    pub fn offset(&self) -> usize {
        self.layout.offset
    }

    /// The number of dimensions.
    pub fn rank(&self) -> usize {
        self.layout.shape.len()
    }

    /// The number of elements.
    pub fn numel(&self) -> usize {
        self.layout.numel()
    }

    /// The bytes of its elements: of a broadcast view each as often as it is shown.
    pub fn nbytes(&self) -> usize {
        self.numel() * self.dtype.size()
    }

    /// Elements along dimension `d`, or an error that names the op.
    ///
    /// # Errors
    /// There is no such dimension.
    pub fn dim(&self, op: &'static str, d: usize) -> Result<usize> {
        self.shape().get(d).copied().ok_or_else(|| {
            let reason = format!("there is no dimension {d}: the tensor has {}", self.rank());
            Error::shape(op, &[self.shape()], reason)
        })
    }

    /// Whether the elements lie side by side in row-major order.
    pub fn is_contiguous(&self) -> bool {
        self.layout.is_contiguous()
    }

    /// The bytes this tensor's elements span, to be bound to a kernel, and the place of its first
    /// element there: bindings start at multiples of 256 bytes, tensors anywhere.
    pub fn binding_and_offset(&self) -> (Slice, usize) {
        let size = self.dtype.size();
        let first = self.layout.offset * size;
        let start = first / 256 * 256;
        let end = (first + self.layout.extent() * size).next_multiple_of(4);
        let bytes = (end - start).max(4);
        (self.buffer.slice(start, bytes).of(self.dtype), (first - start) / size)
    }

    /// Whether [`binding_and_offset`](Self::binding_and_offset) would start at the first element.
    pub fn is_aligned(&self) -> bool {
        (self.layout.offset * self.dtype.size()).is_multiple_of(256)
    }

    /// This tensor as kernels that ask for contiguous input want it: row-major and starting at a
    /// binding's first byte. A copy only where it is neither.
    ///
    /// # Errors
    /// The copy fails.
    pub fn contiguous(&self) -> Result<Self> {
        if self.is_contiguous() && self.is_aligned() {
            return Ok(self.with_layout(Layout {
                offset: self.layout.offset,
                ..Layout::contiguous(self.shape())
            }));
        }
        crate::ops::copy(self)
    }

    /// The bytes of a tensor that is known to be contiguous and aligned, for a plan: what
    /// [`contiguous`](Self::contiguous) returns, what [`expect_contiguous`](Self::expect_contiguous) has checked, and every
    /// new tensor.
    pub fn binding(&self) -> Slice {
        debug_assert!(self.is_contiguous() && self.is_aligned());
        self.binding_and_offset().0
    }

    /// [`binding`](Self::binding) for kernels that move 16 bytes at once: its length rounded up to whole
    /// groups of 16. Every allocation, and every parameter in an arena, has that room behind it.
    pub fn binding_by_16(&self) -> Slice {
        let slice = self.binding();
        Slice { bytes: slice.bytes.next_multiple_of(16), ..slice }
    }

    /// Copies the elements to the host in row-major order.
    ///
    /// # Errors
    /// `T` is not the tensor's dtype; the device fails; a step is being recorded.
    pub async fn read<T: Element>(&self) -> Result<Vec<T>> {
        if T::DTYPE != self.dtype {
            let want = T::DTYPE.name();
            return Err(Error::DType { op: "read", want, got: self.dtype });
        }
        if self.numel() == 0 {
            return Ok(Vec::new());
        }
        let whole = if self.is_contiguous() && (self.offset() * T::DTYPE.size()).is_multiple_of(4) {
            self.clone()
        } else {
            crate::ops::copy(self)?
        };
        let size = self.dtype.size();
        let bytes = whole.buffer.read(whole.layout.offset * size, whole.numel() * size).await?;
        let mut elements = strata_device::room::vector("read", whole.numel())?;
        elements.resize(whole.numel(), T::zeroed());
        bytemuck::cast_slice_mut(&mut elements).copy_from_slice(&bytes);
        Ok(elements)
    }

    /// [`read`](Self::read), waiting for the answer. Native only.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    #[cfg(not(target_family = "wasm"))]
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        pollster::block_on(self.read())
    }

    /// The bytes of the elements in row-major order, whatever their dtype.
    ///
    /// # Errors
    /// The device fails; a step is being recorded.
    pub async fn to_bytes_async(&self) -> Result<Vec<u8>> {
        if self.numel() == 0 {
            return Ok(Vec::new());
        }
        let whole = self.contiguous()?;
        let size = self.dtype.size();
        Ok(whole.buffer.read(whole.offset() * size, whole.numel() * size).await?)
    }

    /// [`to_bytes_async`](Self::to_bytes_async), waiting for the answer. Native only.
    ///
    /// # Errors
    /// As [`to_bytes_async`](Self::to_bytes_async).
    #[cfg(not(target_family = "wasm"))]
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        pollster::block_on(self.to_bytes_async())
    }

    /// The only element of a tensor that has one, waiting for it. Native only.
    ///
    /// # Errors
    /// As [`item_async`](Self::item_async).
    #[cfg(not(target_family = "wasm"))]
    pub fn item<T: Element>(&self) -> Result<T> {
        pollster::block_on(self.item_async())
    }

    /// The only element of a tensor that has one.
    ///
    /// # Errors
    /// More or fewer elements; as [`read`](Self::read).
    pub async fn item_async<T: Element>(&self) -> Result<T> {
        match self.read::<T>().await?.as_slice() {
            [one] => Ok(*one),
            all => {
                let reason = format!("item takes a tensor of one element, this has {}", all.len());
                Err(Error::shape("item", &[self.shape()], reason))
            }
        }
    }
}

/// The bytes of all of these: what an op that reads or writes each of them once must move.
pub fn bytes_of<const N: usize>(tensors: [&Tensor; N]) -> f64 {
    tensors.iter().map(|t| t.nbytes()).sum::<usize>() as f64
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = self.device().info().label();
        write!(f, "Tensor({} {:?}", self.dtype, self.shape())?;
        if !self.is_contiguous() {
            write!(f, ", strides {:?}", self.strides())?;
        }
        write!(f, " on {label})")
    }
}
