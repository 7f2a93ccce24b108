//! Matrix products on the tape.
use crate::{Epilogue, gemm_into, grouped, matmul};
use strata_autograd::{Product, Var, sum_to};
use strata_tensor::{Result, Tensor};

/// `a.matmul(&b)?` for tensors and variables.
pub trait MatmulExt: Sized {
    /// The product of the last two dimensions, batches broadcast; see [`matmul`].
    ///
    /// # Errors
    /// As [`matmul`].
    fn matmul(&self, other: &Self) -> Result<Self>;
}

impl MatmulExt for Tensor {
    fn matmul(&self, other: &Tensor) -> Result<Tensor> {
        matmul(self, other)
    }
}

/// With C = A·B and G the gradient of C: dA = G·Bᵀ and dB = Aᵀ·G, both summed over the batches
/// that were broadcast.
impl MatmulExt for Var {
    fn matmul(&self, other: &Var) -> Result<Var> {
        let value = matmul(self.value(), other.value())?;
        let (a, b) = (self.value().clone(), other.value().clone());
        Ok(Var::from_op("matmul", value, &[self, other], move |grad, grads| {
            if grads.wants(0) {
                grads.add(0, sum_to(&matmul(grad, &b.t()?)?, a.shape())?)?;
            }
            if grads.wants(1) && b.rank() == 2 {
                // One matrix served all batches: their rows are one long k.
                grads.add(1, matmul(&flat(&a)?.t()?, &flat(grad)?)?)?;
            } else if grads.wants(1) {
                grads.add(1, sum_to(&matmul(&a.t()?, grad)?, b.shape())?)?;
            }
            Ok(())
        }))
    }
}

/// All leading dimensions as one: `[.., n]` as `[rows, n]`.
pub(crate) fn flat(t: &Tensor) -> Result<Tensor> {
    let n = t.shape().last().copied().unwrap_or(1);
    // An empty tensor's other dimensions may be of any length.
    let leading = &t.shape()[..t.rank().saturating_sub(1)];
    let rows = leading.iter().fold(1usize, |rows, &d| rows.saturating_mul(d));
    t.reshape(&[rows, n])
}

/// Adds `a·b` to the gradient of input `i`: straight into its place in the arena if it has one.
pub(crate) fn add_product(
    grads: &mut strata_autograd::Grads,
    i: usize,
    a: &Tensor,
    b: &Tensor,
) -> Result<()> {
    match grads.target(i) {
        Some(into) if grouped::may_wait(&into, a, b) => {
            grads.put_off(Product { into, a: a.clone(), b: b.clone() }, grouped::take_rounds)
        }
        Some(slot) => gemm_into(&slot, a, b, Epilogue { accumulate: true, ..Epilogue::default() }),
        None => grads.add(i, matmul(a, b)?),
    }
}
