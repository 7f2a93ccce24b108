//! Views, copies and joins. Each of these fails if the shape or the dimension does not fit, or if the
//! device fails; what else can go wrong stands with the function.
use crate::Var;
use crate::arith::sum_to;
use strata_device::{MaybeSend, MaybeSync};
use strata_tensor::{DType, Result, Tensor, ops};

impl Var {
    /// The same elements under another shape.
    pub fn reshape(&self, shape: &[usize]) -> Result<Var> {
        let before = self.shape().to_vec();
        let out = self.value().reshape(shape)?;
        Ok(Var::from_op("reshape", out, &[self], move |g, grads| grads.add(0, g.reshape(&before)?)))
    }

    /// Dimensions in another order.
    ///
    /// # Errors
    /// `order` does not name each dimension once.
    pub fn permute(&self, order: &[usize]) -> Result<Var> {
        let out = self.value().permute(order)?;
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(i, &d)| back[d] = i);
        Ok(Var::from_op("permute", out, &[self], move |g, grads| grads.add(0, g.permute(&back)?)))
    }

    /// Dimensions `a` and `b` swapped.
    pub fn transpose(&self, a: usize, b: usize) -> Result<Var> {
        let out = self.value().transpose(a, b)?;
        Ok(Var::from_op("transpose", out, &[self], move |g, grads| {
            grads.add(0, g.transpose(a, b)?)
        }))
    }

    /// A part of this tensor, by `view`; the gradient of the rest is zero.
    fn part(
        &self,
        name: &'static str,
        view: impl Fn(&Tensor) -> Result<Tensor> + MaybeSend + MaybeSync + 'static,
    ) -> Result<Var> {
        let out = view(self.value())?;
        Ok(Var::from_op(name, out, &[self], move |g, grads| grads.add_part(0, g, &view)))
    }

    /// Elements `start .. start + len` along dimension `d`.
    pub fn narrow(&self, d: usize, start: usize, len: usize) -> Result<Var> {
        self.part("narrow", move |t| t.narrow(d, start, len))
    }

    /// Every `step`-th element of `start .. end` along dimension `d`.
    ///
    /// # Errors
    /// Outside the dimension, or a step of 0.
    pub fn slice_step(&self, d: usize, start: usize, end: usize, step: usize) -> Result<Var> {
        self.part("slice_step", move |t| t.slice_step(d, start, end, step))
    }

    /// Element `i` along dimension `d`, which goes away.
    pub fn select(&self, d: usize, i: usize) -> Result<Var> {
        self.part("select", move |t| t.select(d, i))
    }

    /// Drops dimension `d`, which must be 1.
    ///
    /// # Errors
    /// It is not 1.
    pub fn squeeze(&self, d: usize) -> Result<Var> {
        let out = self.value().squeeze(d)?;
        Ok(Var::from_op("squeeze", out, &[self], move |g, grads| grads.add(0, g.unsqueeze(d)?)))
    }

    /// Puts a dimension of 1 before dimension `d`.
    ///
    /// # Errors
    /// `d` is above the rank, or the rank is at its limit.
    pub fn unsqueeze(&self, d: usize) -> Result<Var> {
        let out = self.value().unsqueeze(d)?;
        Ok(Var::from_op("unsqueeze", out, &[self], move |g, grads| grads.add(0, g.squeeze(d)?)))
    }

    /// The same elements in row-major order, as kernels that ask for contiguous input want them: a
    /// copy, unless they lie so already.
    pub fn contiguous(&self) -> Result<Var> {
        if self.value().is_contiguous() && self.value().is_aligned() {
            return Ok(self.clone());
        }
        let out = self.value().contiguous()?;
        Ok(Var::from_op("contiguous", out, &[self], |g, grads| grads.add(0, g.clone())))
    }

    /// The elements converted to another dtype; the gradient is converted back. From or to integers,
    /// which have no slope, the result is a constant.
    pub fn cast(&self, dtype: DType) -> Result<Var> {
        let before = self.value().dtype();
        if dtype == before {
            return Ok(self.clone());
        }
        let whole = |t: DType| matches!(t, DType::I32 | DType::U32);
        let smooth: &[&Var] = if whole(before) || whole(dtype) { &[] } else { &[self] };
        let out = self.value().cast(dtype)?;
        Ok(Var::from_op("cast", out, smooth, move |g, grads| grads.add(0, g.cast(before)?)))
    }

    /// Stretched to `shape`; the gradient is summed back.
    ///
    /// # Errors
    /// A dimension that is neither 1 nor the one asked for.
    pub fn broadcast_to(&self, shape: &[usize]) -> Result<Var> {
        let out = self.value().broadcast_to(shape)?;
        let before = self.shape().to_vec();
        Ok(Var::from_op("broadcast_to", out, &[self], move |g, grads| {
            grads.add(0, sum_to(g, &before)?)
        }))
    }
}

/// Variables side by side along dimension `d`.
///
/// # Errors
/// None given; the other dimensions differ.
pub fn concat(parts: &[&Var], d: usize) -> Result<Var> {
    let values: Vec<Tensor> = parts.iter().map(|v| v.value().clone()).collect();
    let out = ops::concat(&values, d)?;
    let lens: Vec<usize> = values.iter().map(|v| v.shape()[d]).collect();
    Ok(Var::from_op("concat", out, parts, move |g, grads| {
        let mut at = 0;
        for (i, &len) in lens.iter().enumerate() {
            grads.add(i, g.narrow(d, at, len)?)?;
            at += len;
        }
        Ok(())
    }))
}

/// Variables of one shape along a new dimension `d`.
///
/// # Errors
/// As [`concat()`].
pub fn stack(parts: &[&Var], d: usize) -> Result<Var> {
    let values: Vec<Tensor> = parts.iter().map(|v| v.value().clone()).collect();
    let (out, count) = (ops::stack(&values, d)?, parts.len());
    Ok(Var::from_op("stack", out, parts, move |g, grads| {
        (0..count).try_for_each(|i| grads.add(i, g.select(d, i)?))
    }))
}
