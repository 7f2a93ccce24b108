//! Sums and extremes over dimensions. Each of these fails if a dimension is not there or is named twice,
//! if the dtype has no rung, or if the device fails.
use crate::Var;
use strata_tensor::{DType, Error, Result, Tensor};

impl Var {
    /// The sum over `dims`; kept as 1 if `keepdim`. The gradient goes to every element alike.
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
    pub fn mean(&self, dims: &[usize], keepdim: bool) -> Result<Var> {
        let sizes = dims.iter().filter_map(|&d| self.shape().get(d));
        let n = sizes.fold(1usize, |n, &d| n.saturating_mul(d));
        self.sum(dims, keepdim)?.affine(1.0 / n as f32, 0.0)
    }

    /// The sum of all elements.
    pub fn sum_all(&self) -> Result<Var> {
        self.sum(&(0..self.shape().len()).collect::<Vec<_>>(), false)
    }

    /// The mean of all elements.
    pub fn mean_all(&self) -> Result<Var> {
        self.mean(&(0..self.shape().len()).collect::<Vec<_>>(), false)
    }

    /// The Euclidean norm over `dims`: the square root of the sum of squares; kept as 1 if `keepdim`.
    /// d/dx = x over the norm; where that is 0, and there is no slope, 0.
    pub fn norm(&self, dims: &[usize], keepdim: bool) -> Result<Var> {
        let kept = self.value().square()?.sum(dims, true)?.sqrt()?;
        let x = self.value().clone();
        Ok(Var::from_op("norm", self.without(&kept, dims, keepdim)?, &[self], move |g, grads| {
            let share = g.reshape(kept.shape())?.div(&kept)?.keep(&kept)?;
            grads.add(0, x.mul(&share)?)
        }))
    }

    /// The largest element over `dims`; kept as 1 if `keepdim`. Equals share the gradient.
    pub fn max(&self, dims: &[usize], keepdim: bool) -> Result<Var> {
        self.extreme("max", self.value().max(dims, true)?, dims, keepdim)
    }

    /// The smallest element over `dims`; kept as 1 if `keepdim`. Equals share the gradient.
    pub fn min(&self, dims: &[usize], keepdim: bool) -> Result<Var> {
        self.extreme("min", self.value().min(dims, true)?, dims, keepdim)
    }

    /// The largest element along the last dimension, kept as 1; equals share the gradient.
    ///
    /// # Errors
    /// No dimensions, or a dtype that has no rung.
    pub fn max_last(&self) -> Result<Var> {
        match self.shape().len().checked_sub(1) {
            Some(last) => self.max(&[last], true),
            None => Err(Error::shape("max_last", &[self.shape()], "needs a last dimension")),
        }
    }

    /// `kept` is the extreme over `dims`, with those dimensions as 1.
    fn extreme(
        &self,
        name: &'static str,
        kept: Tensor,
        dims: &[usize],
        keepdim: bool,
    ) -> Result<Var> {
        let out = self.without(&kept, dims, keepdim)?;
        let (x, dims) = (self.value().clone(), dims.to_vec());
        Ok(Var::from_op(name, out, &[self], move |g, grads| {
            // NaN is the extreme wherever it is: what is not equal to itself.
            let hit = x.eq(&kept)?.add(&x.eq(&x)?.affine(-1.0, 1.0)?)?;
            // Comparisons answer in f32, and so they count.
            let wide = g.reshape(kept.shape())?.cast(DType::F32)?;
            let share = wide.div(&hit.sum(&dims, true)?)?.broadcast_to(x.shape())?;
            grads.add(0, share.keep(&hit)?.cast(g.dtype())?)
        }))
    }

    /// A reduction's result, without the dimensions that were reduced unless they are to be kept.
    fn without(&self, kept: &Tensor, dims: &[usize], keepdim: bool) -> Result<Tensor> {
        let left = self.shape().iter().enumerate().filter(|(d, _)| !dims.contains(d));
        match keepdim {
            true => Ok(kept.clone()),
            false => kept.reshape(&left.map(|(_, &size)| size).collect::<Vec<_>>()),
        }
    }
}
