use crate::Var;
use strata_tensor::Result;

/// A layer: something with parameters that makes a variable of a variable. Parameters are named
/// and owned by the [`ParamBuilder`](crate::ParamBuilder) the layer was made with.
pub trait Module {
    /// The layer's output for an input.
    ///
    /// # Errors
    /// Shapes that do not fit; the device fails.
    fn forward(&self, input: &Var) -> Result<Var>;
}

impl<M: Module + ?Sized> Module for Box<M> {
    fn forward(&self, input: &Var) -> Result<Var> {
        (**self).forward(input)
    }
}

/// Layers one after the other.
impl<M: Module> Module for Vec<M> {
    fn forward(&self, input: &Var) -> Result<Var> {
        self.iter().try_fold(input.clone(), |x, layer| layer.forward(&x))
    }
}
