use crate::launch::Binding;
use crate::{BoxFuture, DType, Device, Error, Memory, Result};
use std::fmt;
use std::sync::Arc;

/// A reference-counted buffer on a device. The last handle to go gives the memory back to the
/// device's cache.
#[derive(Clone)]
pub struct Buffer(Arc<Inner>);

struct Inner {
    device: Device,
    memory: Arc<Memory>,
    bytes: usize,
    recording: Option<u64>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.device.recycle(&self.memory, self.recording);
    }
}

impl Buffer {
    pub(crate) fn new(
        device: Device,
        memory: Arc<Memory>,
        bytes: usize,
        recording: Option<u64>,
    ) -> Self {
        Buffer(Arc::new(Inner { device, memory, bytes, recording }))
    }

    /// Where it lives.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// Size in bytes, as asked for.
    pub fn bytes(&self) -> usize {
        self.0.bytes
    }

    /// The memory behind it.
    pub fn memory(&self) -> &Arc<Memory> {
        &self.0.memory
    }

    /// Whether two handles show the same buffer.
    pub fn same(&self, other: &Buffer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// Copies host bytes in, after every launch made so far. Lengths that are no multiple of 4 are
    /// padded with zeros, which fall into the buffer's slack.
    ///
    /// # Errors
    /// Outside the buffer, an offset that is no multiple of 4, or while recording.
    pub fn write(&self, offset: usize, data: &[u8]) -> Result<()> {
        self.check("write", offset, data.len())?;
        self.0.device.write(&self.0.memory, offset, data)
    }

    /// Copies bytes back once every launch made so far has run.
    ///
    /// # Errors
    /// Outside the buffer, or while recording.
    pub fn read(&self, offset: usize, bytes: usize) -> BoxFuture<'_, Result<Vec<u8>>> {
        if let Err(error) = self.check("read", offset, bytes) {
            return Box::pin(async move { Err(error) });
        }
        self.0.device.read(&self.0.memory, offset, bytes)
    }

    /// [`read`](Self::read), waiting for the answer. Native only: a page must not block.
    #[cfg(not(target_family = "wasm"))]
    pub fn read_blocking(&self, offset: usize, bytes: usize) -> Result<Vec<u8>> {
        pollster::block_on(self.read(offset, bytes))
    }

    /// A range of the buffer, to be bound to a kernel.
    pub fn slice(&self, offset: usize, bytes: usize) -> Slice {
        Slice { buffer: self.clone(), offset, bytes, dtype: None }
    }

    /// The whole buffer, to be bound to a kernel.
    pub fn whole(&self) -> Slice {
        self.slice(0, self.0.bytes)
    }

    fn check(&self, call: &'static str, offset: usize, bytes: usize) -> Result<()> {
        match offset.checked_add(bytes) {
            Some(end) if end <= self.0.bytes && offset.is_multiple_of(4) => Ok(()),
            end => Err(Error::Range {
                call,
                offset,
                end: end.unwrap_or(usize::MAX),
                bytes: self.0.bytes,
            }),
        }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({:?} on {})", self.0.memory, self.0.device.info().label())
    }
}

/// A range of a buffer.
#[derive(Clone, Debug)]
pub struct Slice {
    /// The buffer.
    pub buffer: Buffer,
    /// First byte.
    pub offset: usize,
    /// Length in bytes.
    pub bytes: usize,
    /// What its elements are, where somebody said: a kernel that declares another dtype refuses it.
    pub dtype: Option<DType>,
}

impl Slice {
    /// A part of it. The offset is a multiple of 256 bytes.
    pub fn part(&self, offset: usize, bytes: usize) -> Slice {
        Slice { offset: self.offset + offset, bytes, ..self.clone() }
    }

    /// The same bytes, said to hold elements of this dtype.
    pub fn of(self, dtype: DType) -> Slice {
        Slice { dtype: Some(dtype), ..self }
    }

    /// As a launch has it.
    pub fn binding(&self) -> Binding {
        let (memory, offset) = (self.buffer.memory().clone(), self.offset);
        Binding { memory, offset, bytes: self.bytes, dtype: self.dtype }
    }
}
