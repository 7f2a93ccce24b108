use crate::{Error, Layout, MAX_RANK, Result, Tensor, numel};

/// Views: new shape, strides and offset over the same buffer. Nothing is copied, except by
/// [`Tensor::reshape`] where no strides can say what is asked.
impl Tensor {
    /// The same elements in row-major order under another shape; a view where strides allow it,
    /// else a copy.
    ///
    /// # Errors
    /// Another number of elements.
    pub fn reshape(&self, shape: &[usize]) -> Result<Self> {
        if numel("reshape", shape)? != self.numel() || shape.len() > MAX_RANK {
            return Err(Error::shape(
                "reshape",
                &[self.shape(), shape],
                format!("the number of elements must stay, and the rank be at most {MAX_RANK}"),
            ));
        }
        if let Some(strides) = self.restride(shape) {
            let offset = self.offset();
            return Ok(self.with_layout(Layout { shape: shape.to_vec(), strides, offset }));
        }
        let copy = crate::ops::copy(self)?;
        let offset = copy.offset();
        Ok(copy.with_layout(Layout { offset, ..Layout::contiguous(shape) }))
    }

    /// Strides that show this tensor under `shape`, if there are any.
    fn restride(&self, shape: &[usize]) -> Option<Vec<usize>> {
        if self.is_contiguous() {
            return Some(Layout::contiguous(shape).strides);
        }
        let merged = Layout::collapse(std::slice::from_ref(self.layout())).pop()?;
        // Each merged block of memory must be split into whole dimensions of the new shape.
        let mut strides = vec![0; shape.len()];
        let mut d = shape.len();
        for (&size, &stride) in merged.shape.iter().zip(&merged.strides).rev() {
            let mut left = size;
            let mut step = stride;
            while left > 1 {
                d = d.checked_sub(1)?;
                if left % shape[d] != 0 {
                    return None;
                }
                strides[d] = step;
                step = step.saturating_mul(shape[d]);
                left /= shape[d];
            }
        }
        shape[..d].iter().all(|&s| s == 1).then_some(strides)
    }

    /// Dimensions in another order: dimension `d` of the result is `order[d]` of this.
    ///
    /// # Errors
    /// `order` does not name each dimension once.
    pub fn permute(&self, order: &[usize]) -> Result<Self> {
        let mut seen = vec![false; self.rank()];
        let fresh = |&d: &usize| d < seen.len() && !std::mem::replace(&mut seen[d], true);
        if order.len() != self.rank() || !order.iter().all(fresh) {
            let reason = format!("{order:?} must name each dimension once");
            return Err(Error::shape("permute", &[self.shape()], reason));
        }
        Ok(self.with_layout(Layout {
            shape: order.iter().map(|&d| self.shape()[d]).collect(),
            strides: order.iter().map(|&d| self.strides()[d]).collect(),
            offset: self.offset(),
        }))
    }

    /// Dimensions `a` and `b` swapped.
    ///
    /// # Errors
    /// There is no such dimension.
    pub fn transpose(&self, a: usize, b: usize) -> Result<Self> {
        self.dim("transpose", a)?;
        self.dim("transpose", b)?;
        let mut order: Vec<usize> = (0..self.rank()).collect();
        order.swap(a, b);
        self.permute(&order)
    }

    /// The last two dimensions swapped.
    ///
    /// # Errors
    /// Fewer than two dimensions.
    pub fn t(&self) -> Result<Self> {
        match self.rank() {
            0 | 1 => Err(Error::shape("t", &[self.shape()], "a matrix has two dimensions")),
            r => self.transpose(r - 2, r - 1),
        }
    }

    /// Elements `start .. start + len` along dimension `d`.
    ///
    /// # Errors
    /// Outside the dimension.
    pub fn narrow(&self, d: usize, start: usize, len: usize) -> Result<Self> {
        self.stepped("narrow", d, start, start.saturating_add(len), 1)
    }

    /// Every `step`-th element of `start .. end` along dimension `d`.
    ///
    /// # Errors
    /// Outside the dimension, or a step of 0.
    pub fn slice_step(&self, d: usize, start: usize, end: usize, step: usize) -> Result<Self> {
        self.stepped("slice_step", d, start, end, step)
    }

    /// The view of `start .. end` by `step`, for an op of that name.
    fn stepped(
        &self,
        op: &'static str,
        d: usize,
        start: usize,
        end: usize,
        step: usize,
    ) -> Result<Self> {
        let size = self.dim(op, d)?;
        if start > end || end > size || step == 0 {
            let reason = format!("{start}..{end} by {step} does not lie in dimension {d}");
            return Err(Error::shape(op, &[self.shape()], reason));
        }
        let mut layout = self.layout().clone();
        layout.shape[d] = (end - start).div_ceil(step);
        // A view without elements points nowhere: its strides may be as large as they like. And a
        // single one needs no stride.
        if layout.numel() > 0 {
            layout.offset += start * layout.strides[d];
        }
        if layout.shape[d] > 1 {
            layout.strides[d] = layout.strides[d].saturating_mul(step);
        }
        Ok(self.with_layout(layout))
    }

    /// Element `i` along dimension `d`, which goes away.
    ///
    /// # Errors
    /// Outside the dimension.
    pub fn select(&self, d: usize, i: usize) -> Result<Self> {
        self.narrow(d, i, 1)?.squeeze(d)
    }

    /// Drops dimension `d`, which must be 1.
    ///
    /// # Errors
    /// It is not 1.
    pub fn squeeze(&self, d: usize) -> Result<Self> {
        if self.dim("squeeze", d)? != 1 {
            let reason = format!("dimension {d} is not 1");
            return Err(Error::shape("squeeze", &[self.shape()], reason));
        }
        let mut layout = self.layout().clone();
        layout.shape.remove(d);
        layout.strides.remove(d);
        Ok(self.with_layout(layout))
    }

    /// Puts a dimension of 1 before dimension `d`.
    ///
    /// # Errors
    /// `d` is above the rank, or the rank is at its limit.
    pub fn unsqueeze(&self, d: usize) -> Result<Self> {
        if d > self.rank() || self.rank() == MAX_RANK {
            let reason = format!("cannot add dimension {d}; the limit is {MAX_RANK} dimensions");
            return Err(Error::shape("unsqueeze", &[self.shape()], reason));
        }
        let mut layout = self.layout().clone();
        layout.shape.insert(d, 1);
        layout.strides.insert(d, 0);
        Ok(self.with_layout(layout))
    }

    /// Stretched to `shape`: missing dimensions are added in front, those of 1 repeat by a stride
    /// of 0.
    ///
    /// # Errors
    /// A dimension that is neither 1 nor the one asked for.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Self> {
        numel("broadcast_to", shape)?;
        let fail =
            |reason: String| Err(Error::shape("broadcast_to", &[self.shape(), shape], reason));
        if shape.len() < self.rank() || shape.len() > MAX_RANK {
            return fail(format!("the rank cannot shrink, nor pass {MAX_RANK}"));
        }
        let missing = shape.len() - self.rank();
        let mut strides = vec![0; shape.len()];
        for (d, (&have, &stride)) in self.shape().iter().zip(self.strides()).enumerate() {
            let want = shape[missing + d];
            if have == want {
                strides[missing + d] = stride;
            } else if have != 1 {
                return fail(format!("{have} does not stretch to {want}"));
            }
        }
        Ok(self.with_layout(Layout { shape: shape.to_vec(), strides, offset: self.offset() }))
    }
}
