use crate::{DType, Element, Error, Layout, Result, Tensor, numel};
use std::ops::Range;
use strata_device::Device;
use strata_device::random::Stream;

impl Tensor {
    /// A tensor whose elements are whatever the memory held: for outputs that a kernel fills.
    ///
    /// # Errors
    /// The shape is too large, or the device has no room.
    pub fn empty(device: &Device, dtype: DType, shape: &[usize]) -> Result<Self> {
        Self::empty_for("empty", device, dtype, shape)
    }

    /// [`empty`](Self::empty) for the output of an op, which the error names.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn empty_for(
        op: &'static str,
        device: &Device,
        dtype: DType,
        shape: &[usize],
    ) -> Result<Self> {
        let bytes = numel(op, shape)?.saturating_mul(dtype.size());
        let buffer = device.alloc(bytes).map_err(|e| Error::room(op, shape, bytes, e))?;
        Tensor::from_buffer(buffer, dtype, Layout::contiguous(shape))
    }

    /// A tensor of these elements, in row-major order.
    ///
    /// # Errors
    /// The shape does not have as many elements as the slice.
    pub fn from_slice<T: Element>(device: &Device, data: &[T], shape: &[usize]) -> Result<Self> {
        if numel("from_slice", shape)? != data.len() {
            let reason = format!("{} elements were given for it", data.len());
            return Err(Error::shape("from_slice", &[shape], reason));
        }
        let tensor = Tensor::empty_for("from_slice", device, T::DTYPE, shape)?;
        tensor.buffer().write(0, bytemuck::cast_slice(data))?;
        Ok(tensor)
    }

    /// Overwrites a contiguous tensor's elements from the host.
    ///
    /// # Errors
    /// Another number of elements or another dtype; a strided tensor; a 16-bit view that starts or
    /// ends within a word.
    pub fn write<T: Element>(&self, data: &[T]) -> Result<()> {
        self.expect_dtype("write", T::DTYPE)?;
        if data.len() != self.numel() || !self.is_contiguous() {
            let reason = format!("{} elements cannot be written to it", data.len());
            return Err(Error::shape("write", &[self.shape()], reason));
        }
        let (size, buffer) = (T::DTYPE.size(), self.buffer());
        let (first, bytes) = (self.offset() * size, data.len() * size);
        if bytes == 0 {
            return Ok(());
        }
        // Devices are written by the word: half a word at either end would take its neighbor along.
        if first % 4 > 0 || (bytes % 4 > 0 && first + bytes < buffer.bytes()) {
            let reason = "a 16-bit view is written in whole pairs of elements; use `copy_into`";
            return Err(Error::shape("write", &[self.shape()], reason));
        }
        Ok(buffer.write(first, bytemuck::cast_slice(data))?)
    }

    /// All zeros.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn zeros(device: &Device, dtype: DType, shape: &[usize]) -> Result<Self> {
        let tensor = Tensor::empty_for("zeros", device, dtype, shape)?;
        crate::ops::fill_bits(&tensor, 0)?;
        Ok(tensor)
    }

    /// All `value`, as f32.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn full(device: &Device, shape: &[usize], value: f32) -> Result<Self> {
        let tensor = Tensor::empty_for("full", device, DType::F32, shape)?;
        crate::ops::fill_bits(&tensor, value.to_bits())?;
        Ok(tensor)
    }

    /// All ones, as f32.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn ones(device: &Device, shape: &[usize]) -> Result<Self> {
        Self::full(device, shape, 1.0)
    }

    /// All zeros, with the dtype, the shape and the device of this tensor.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn zeros_like(&self) -> Result<Self> {
        self.like("zeros_like", 0)
    }

    /// All ones, with the dtype, the shape and the device of this tensor.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn ones_like(&self) -> Result<Self> {
        // Of 16 bits a word holds two.
        let bits = match self.dtype() {
            DType::F32 => 1f32.to_bits(),
            DType::BF16 => 0x0001_0001 * u32::from(half::bf16::ONE.to_bits()),
            DType::F16 => 0x0001_0001 * u32::from(half::f16::ONE.to_bits()),
            DType::I32 | DType::U32 => 1,
        };
        self.like("ones_like", bits)
    }

    fn like(&self, op: &'static str, bits: u32) -> Result<Self> {
        let tensor = Tensor::empty_for(op, self.device(), self.dtype(), self.shape())?;
        crate::ops::fill_bits(&tensor, bits)?;
        Ok(tensor)
    }

    /// 0, 1, 2, … as f32.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn arange(device: &Device, n: usize) -> Result<Self> {
        Self::fill_with("arange", device, &[n], |range| range.map(|i| i as f32).collect())
    }

    /// Standard normals from a seed; drawn on the host, so the same on every device.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn randn(device: &Device, shape: &[usize], seed: u64) -> Result<Self> {
        let mut stream = Stream::new(seed, 0);
        Self::fill_with("randn", device, shape, |range| stream.normals(range.len()))
    }

    /// Uniform numbers in [0, 1) from a seed; drawn on the host, so the same on every device.
    ///
    /// # Errors
    /// As [`empty`](Self::empty).
    pub fn uniform(device: &Device, shape: &[usize], seed: u64) -> Result<Self> {
        let mut stream = Stream::new(seed, 1);
        Self::fill_with("uniform", device, shape, |range| range.map(|_| stream.uniform()).collect())
    }

    /// Elements that the host makes, a piece at a time: the device is asked for room first, and the
    /// host never holds them all.
    pub(crate) fn fill_with(
        op: &'static str,
        device: &Device,
        shape: &[usize],
        mut data: impl FnMut(Range<usize>) -> Vec<f32>,
    ) -> Result<Self> {
        // Even: normals are drawn in pairs.
        const PIECE: usize = 1 << 20;
        let tensor = Tensor::empty_for(op, device, DType::F32, shape)?;
        let n = tensor.numel();
        for start in (0..n).step_by(PIECE) {
            let piece = data(start..n.min(start + PIECE));
            tensor.buffer().write(start * tensor.dtype().size(), bytemuck::cast_slice(&piece))?;
        }
        Ok(tensor)
    }

    /// [`to_device_async`](Self::to_device_async), waiting for it. Native only.
    ///
    /// # Errors
    /// Either device fails.
    #[cfg(not(target_family = "wasm"))]
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        pollster::block_on(self.to_device_async(device))
    }

    /// This tensor on another device, through the host.
    ///
    /// # Errors
    /// Either device fails.
    pub async fn to_device_async(&self, device: &Device) -> Result<Self> {
        if self.device().same(device) {
            return Ok(self.clone());
        }
        let bytes = self.to_bytes_async().await?;
        let tensor = Tensor::empty_for("to_device", device, self.dtype(), self.shape())?;
        if !bytes.is_empty() {
            tensor.buffer().write(0, &bytes)?;
        }
        Ok(tensor)
    }
}
