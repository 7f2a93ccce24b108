use crate::forward::LADDER;
use crate::{gelu, gelu_backward};
use strata_autograd::{Init, Module, ParamBuilder, Var};
use strata_matmul::Linear;
use strata_tensor::Result;

/// `gelu(layer(x))`: in one launch, or in two where a kernel of GELU itself was asked for.
///
/// # Errors
/// As [`Linear::forward_gelu`].
pub fn linear_gelu(layer: &Linear, x: &Var) -> Result<Var> {
    match LADDER.asked_for(x.value().device()) {
        true => gelu(&layer.forward(x)?),
        false => layer.forward_gelu(x, gelu_backward),
    }
}

/// Two linear layers with GELU between them, the half of a transformer block that works on each
/// token by itself: `gelu(x W1 + b1) W2 + b2`. Bias and GELU ride on the first product: its
/// epilogue writes what GELU's backward needs and GELU itself, without a kernel of its own.
#[derive(Clone, Debug)]
pub struct Mlp {
    /// `[width, hidden]`, named `c_fc` as in GPT-2.
    pub c_fc: Linear,
    /// `[hidden, outputs]`, named `c_proj`.
    pub c_proj: Linear,
}

impl Mlp {
    /// Declares the parameters: `width` numbers in and `outputs` out, `hidden` between (in GPT-2
    /// four times the width).
    pub fn new(
        builder: &ParamBuilder,
        width: usize,
        hidden: usize,
        outputs: usize,
        init: Init,
    ) -> Self {
        Mlp {
            c_fc: Linear::new(&builder.at("c_fc"), width, hidden, init),
            c_proj: Linear::new(&builder.at("c_proj"), hidden, outputs, init),
        }
    }
}

impl Module for Mlp {
    fn forward(&self, x: &Var) -> Result<Var> {
        self.c_proj.forward(&linear_gelu(&self.c_fc, x)?)
    }
}
