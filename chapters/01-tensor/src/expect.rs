//! What ops ask of their operands before they start.
use crate::{DType, Error, Result, Tensor};

impl Tensor {
    /// Checks that the elements lie side by side from a binding's first byte on, for what is written in
    /// place.
    ///
    /// # Errors
    /// They do not; call [`contiguous`](Self::contiguous) first.
    pub fn expect_contiguous(&self, op: &'static str) -> Result<()> {
        if self.is_contiguous() && self.is_aligned() {
            return Ok(());
        }
        let reason = format!("needs contiguous memory, not strides {:?}", self.strides());
        Err(Error::shape(op, &[self.shape()], reason))
    }

    /// Checks that two tensors share a device.
    ///
    /// # Errors
    /// They do not.
    pub fn same_device(&self, op: &'static str, other: &Tensor) -> Result<()> {
        if self.device().same(other.device()) {
            return Ok(());
        }
        let (a, b) = (self.device().info().label(), other.device().info().label());
        Err(Error::Devices { op, a, b })
    }

    /// Checks that the elements are floats. Which of the three dtypes an op has kernels for is its
    /// ladder's matter.
    ///
    /// # Errors
    /// They are integers.
    pub fn expect_float(&self, op: &'static str) -> Result<()> {
        match self.dtype().is_float() {
            true => Ok(()),
            false => Err(Error::DType { op, want: "floats", got: self.dtype() }),
        }
    }

    /// Checks the dtype.
    ///
    /// # Errors
    /// It is another.
    pub fn expect_dtype(&self, op: &'static str, want: DType) -> Result<()> {
        match self.dtype() == want {
            true => Ok(()),
            false => Err(Error::DType { op, want: want.name(), got: self.dtype() }),
        }
    }

    /// Checks that the elements are integers, for what counts or names something.
    pub(crate) fn expect_integers(&self, op: &'static str) -> Result<()> {
        match self.dtype() {
            DType::I32 | DType::U32 => Ok(()),
            got => Err(Error::DType { op, want: "i32 or u32", got }),
        }
    }
}
