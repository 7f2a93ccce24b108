use crate::{ParameterGrads, layernorm_backward, layernorm_forward};
use strata_autograd::{Grads, Init, Module, ParamBuilder, Parameter, Var};
use strata_tensor::{Result, Tensor};

/// LayerNorm over the last dimension; shapes as in [`layernorm_forward`].
///
/// # Errors
/// As [`layernorm_forward`].
pub fn layernorm(x: &Var, gamma: &Var, beta: &Var, eps: f32) -> Result<Var> {
    let done = layernorm_forward(x.value(), gamma.value(), beta.value(), eps)?;
    let stats = [done.mean, done.rstd];
    Ok(node("layernorm", done.out, x, gamma, beta, stats))
}

/// The tape's node: keeps the input and two numbers a row.
pub(crate) fn node(
    op: &'static str,
    out: Tensor,
    x: &Var,
    gamma: &Var,
    beta: &Var,
    [mean, rstd]: [Tensor; 2],
) -> Var {
    let (kept, gain) = (x.value().clone(), gamma.value().clone());
    Var::from_op(op, out, &[x, gamma, beta], move |dy, grads| {
        let (to, hand_over) = targets(&gain, grads)?;
        grads.add(0, layernorm_backward(&kept, &gain, &mean, &rstd, dy, to.as_ref())?)?;
        if let Some(to) = to.filter(|_| hand_over) {
            grads.add(1, to.dgamma)?;
            grads.add(2, to.dbeta)?;
        }
        Ok(())
    })
}

/// Where the parameters' gradients go: into their arena if both live there, else into new tensors,
/// which are to be handed over.
fn targets(gain: &Tensor, grads: &Grads) -> Result<(Option<ParameterGrads>, bool)> {
    if let (Some(dgamma), Some(dbeta)) = (grads.target(1), grads.target(2)) {
        return Ok((Some(ParameterGrads { dgamma, dbeta, accumulate: true }), false));
    }
    if !grads.wants(1) && !grads.wants(2) {
        return Ok((None, false));
    }
    let new = || Tensor::empty_for("layernorm_backward", gain.device(), gain.dtype(), gain.shape());
    Ok((Some(ParameterGrads { dgamma: new()?, dbeta: new()?, accumulate: false }), true))
}

/// The layer: a gain that starts at 1 and a bias that starts at 0, named `weight` and `bias`, both
/// without weight decay.
#[derive(Clone, Debug)]
pub struct LayerNorm {
    /// Gain, `[width]`.
    pub weight: Parameter,
    /// Bias, `[width]`.
    pub bias: Parameter,
    /// Keeps rows of equal numbers from dividing by 0.
    pub eps: f32,
}

impl LayerNorm {
    /// GPT-2's eps.
    pub const EPS: f32 = 1e-5;

    /// Declares the layer's parameters on `params`.
    pub fn new(params: &ParamBuilder, width: usize) -> Self {
        LayerNorm {
            weight: params.param("weight", &[width], Init::Ones, false),
            bias: params.param("bias", &[width], Init::Zeros, false),
            eps: Self::EPS,
        }
    }

    /// Normalizes the last dimension of `x`.
    ///
    /// # Errors
    /// As [`layernorm`]; parameters that were never built.
    pub fn forward(&self, x: &Var) -> Result<Var> {
        layernorm(x, self.weight.var()?, self.bias.var()?, self.eps)
    }
}

impl Module for LayerNorm {
    fn forward(&self, input: &Var) -> Result<Var> {
        LayerNorm::forward(self, input)
    }
}

/// Normalization as a method.
pub trait LayerNormExt {
    /// [`layernorm`] with these parameters.
    ///
    /// # Errors
    /// As [`layernorm`].
    fn layernorm(&self, gamma: &Var, beta: &Var, eps: f32) -> Result<Var>;
}

impl LayerNormExt for Var {
    fn layernorm(&self, gamma: &Var, beta: &Var, eps: f32) -> Result<Var> {
        layernorm(self, gamma, beta, eps)
    }
}
