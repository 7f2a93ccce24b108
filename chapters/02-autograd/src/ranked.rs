//! Running sums and the largest elements. Each fails as chapter 1's op of the same name does.
use crate::Var;
use crate::arith::smooth;
use strata_tensor::{Result, Tensor, ops};

impl Var {
    /// The sums of all elements up to each one along dimension `d`, itself included. An element's
    /// gradient is the sum of those from its place on.
    pub fn cumsum(&self, d: usize) -> Result<Var> {
        let out = self.value().cumsum(d)?;
        let inputs = [self];
        Ok(Var::from_op("cumsum", out, smooth(self.value(), &inputs), move |g, grads| {
            grads.add(0, ops::cumsum(g, d, true)?)
        }))
    }

    /// The `k` largest elements of each row, the largest first, and their places. The gradient goes back
    /// to where each stood; the others get none.
    pub fn topk(&self, k: usize) -> Result<(Var, Tensor)> {
        let (values, places) = self.value().topk(k)?;
        let (at, before) = (places.clone(), self.shape().to_vec());
        let values = Var::from_op("topk", values, &[self], move |g, grads| {
            let whole = Tensor::zeros(g.device(), g.dtype(), &before)?;
            grads.add(0, whole.scatter_add(before.len() - 1, &at, g)?)
        });
        Ok((values, places))
    }
}
