use crate::{gelu_backward, gelu_forward};
use strata_autograd::Var;
use strata_tensor::Result;

/// GELU in its tanh form, as in GPT-2.
///
/// # Errors
/// A dtype that has no rung.
pub fn gelu(x: &Var) -> Result<Var> {
    let kept = x.value().clone();
    Ok(Var::from_op("gelu", gelu_forward(&kept)?, &[x], move |dy, grads| {
        grads.add(0, gelu_backward(&kept, dy)?)
    }))
}

/// `x * sigmoid(x)`, also called swish: made of chapter 1's maps, so that each of its steps is a
/// pass over memory. Compare it with [`gelu`], which is one.
///
/// # Errors
/// A dtype that has no rung.
pub fn silu(x: &Var) -> Result<Var> {
    x.mul(&x.sigmoid()?)
}

/// Activations as methods. `relu`, `sigmoid` and `tanh` are methods of [`Var`] itself.
pub trait GeluExt {
    /// [`gelu`].
    ///
    /// # Errors
    /// A dtype that has no rung.
    fn gelu(&self) -> Result<Var>;

    /// [`silu`].
    ///
    /// # Errors
    /// A dtype that has no rung.
    fn silu(&self) -> Result<Var>;
}

impl GeluExt for Var {
    fn gelu(&self) -> Result<Var> {
        gelu(self)
    }

    fn silu(&self) -> Result<Var> {
        silu(self)
    }
}
