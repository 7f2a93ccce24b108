use crate::Var;
use crate::arith::sum_to;
use strata_tensor::{Error, Result, Tensor, ops};

impl Var {
    /// The same elements under another shape.
    ///
    /// # Errors
    /// Another number of elements.
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
    ///
    /// # Errors
    /// There is no such dimension.
    pub fn transpose(&self, a: usize, b: usize) -> Result<Var> {
        let out = self.value().transpose(a, b)?;
        Ok(Var::from_op("transpose", out, &[self], move |g, grads| {
            grads.add(0, g.transpose(a, b)?)
        }))
    }

    /// Elements `start .. start + len` along dimension `d`; the others' gradient is zero.
    ///
    /// # Errors
    /// Outside the dimension.
    pub fn narrow(&self, d: usize, start: usize, len: usize) -> Result<Var> {
        let out = self.value().narrow(d, start, len)?;
        let before = self.shape().to_vec();
        Ok(Var::from_op("narrow", out, &[self], move |g, grads| {
            let whole = Tensor::zeros(g.device(), g.dtype(), &before)?;
            ops::copy_into(g, &whole.narrow(d, start, len)?)?;
            grads.add(0, whole)
        }))
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

    /// The sum over `dims`; kept as 1 if `keepdim`. The gradient goes to every element alike.
    ///
    /// # Errors
    /// A dimension that is not there.
    pub fn sum(&self, dims: &[usize], keepdim: bool) -> Result<Var> {
        let out = self.value().sum(dims, keepdim)?;
        let before = self.shape().to_vec();
        let kept: Vec<usize> = before
            .iter()
            .enumerate()
            .map(|(d, &s)| if dims.contains(&d) { 1 } else { s })
            .collect();
        Ok(Var::from_op("sum", out, &[self], move |g, grads| {
            grads.add(0, g.reshape(&kept)?.broadcast_to(&before)?)
        }))
    }

    /// The mean over `dims`; kept as 1 if `keepdim`.
    ///
    /// # Errors
    /// A dimension that is not there.
    pub fn mean(&self, dims: &[usize], keepdim: bool) -> Result<Var> {
        let n: usize = dims.iter().filter_map(|&d| self.shape().get(d)).product();
        self.sum(dims, keepdim)?.affine(1.0 / n as f32, 0.0)
    }

    /// The sum of all elements.
    ///
    /// # Errors
    /// Not f32.
    pub fn sum_all(&self) -> Result<Var> {
        self.sum(&(0..self.shape().len()).collect::<Vec<_>>(), false)
    }

    /// The mean of all elements.
    ///
    /// # Errors
    /// Not f32.
    pub fn mean_all(&self) -> Result<Var> {
        self.mean(&(0..self.shape().len()).collect::<Vec<_>>(), false)
    }

    /// The largest element along the last dimension, kept as 1; equals share the gradient.
    ///
    /// # Errors
    /// No dimensions, or not f32.
    pub fn max_last(&self) -> Result<Var> {
        let Some(last) = self.shape().len().checked_sub(1) else {
            return Err(Error::shape("max_last", &[self.shape()], "needs a last dimension"));
        };
        let (x, out) = (self.value().clone(), self.value().max(&[last], true)?);
        let y = out.clone();
        Ok(Var::from_op("max", out, &[self], move |g, grads| {
            let hit = x.eq(&y)?;
            grads.add(0, g.div(&hit.sum(&[last], true)?)?.mul(&hit)?)
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
