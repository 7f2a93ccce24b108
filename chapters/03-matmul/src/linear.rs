//! The linear layer, `y = x·W + b`, with the weight stored `[in, out]` as GPT-2 stores it.
//!
//! Backward, with G the gradient of y: dx = G·Wᵀ, dW = xᵀ·G (its k runs over all rows of the
//! batch), db = the column sums of G. Parameters' gradients are added where they live.
use crate::var::{add_product, flat};
use crate::{Epilogue, column_sum, gemm_into, matmul};
use strata_autograd::{Grads, Init, Module, ParamBuilder, Parameter, Var};
use strata_tensor::{DType, Error, Result, Tensor};

/// The gradient of an activation: from its input and the gradient of its output.
pub type ActivationBackward = fn(input: &Tensor, grad: &Tensor) -> Result<Tensor>;

/// `x·weight + bias`: x is `[.., in]`, weight `[in, out]`, bias `[out]`.
///
/// # Errors
/// Shapes that do not fit; a dtype that has no rung; different devices; the device fails.
pub fn linear(x: &Var, weight: &Var, bias: Option<&Var>) -> Result<Var> {
    forward(x, weight, bias, None)
}

/// `x·weight + bias + residual` in one pass: residual has the output's shape.
///
/// # Errors
/// As [`linear`].
pub fn linear_residual(x: &Var, weight: &Var, bias: Option<&Var>, residual: &Var) -> Result<Var> {
    forward(x, weight, bias, Some(residual))
}

/// `gelu(x·weight + bias)` in one pass. The gradient of GELU is chapter 4's, so it is handed in:
/// `linear_gelu(x, w, b, strata_gelu::gelu_backward)`.
///
/// # Errors
/// As [`linear`].
pub fn linear_gelu(
    x: &Var,
    weight: &Var,
    bias: Option<&Var>,
    gelu_backward: ActivationBackward,
) -> Result<Var> {
    let before = output(x, weight)?;
    let activated =
        Tensor::empty_for("linear_gelu", before.device(), before.dtype(), before.shape())?;
    let bias_value = bias.map(Var::value);
    let epilogue =
        Epilogue { bias: bias_value, activated: Some(&activated), ..Epilogue::default() };
    gemm_into(&before, x.value(), weight.value(), epilogue)?;
    let inputs: Vec<&Var> = [Some(x), Some(weight), bias].into_iter().flatten().collect();
    let (x, weight) = (x.value().clone(), weight.value().clone());
    let with_bias = bias.is_some();
    Ok(Var::from_op("linear_gelu", activated, &inputs, move |grad, grads| {
        backward(&gelu_backward(&before, grad)?, &x, &weight, with_bias, grads)
    }))
}

/// `x·weightᵀ`: x is `[.., in]`, weight `[out, in]`. The head of a language model that shares its
/// weight with the embedding, whose gradient it adds to in the same place.
///
/// # Errors
/// As [`linear`].
pub fn linear_tied(x: &Var, weight: &Var) -> Result<Var> {
    let value = matmul(x.value(), &matrix(weight.value())?.t()?)?;
    let (a, w) = (x.value().clone(), weight.value().clone());
    Ok(Var::from_op("linear_tied", value, &[x, weight], move |grad, grads| {
        if grads.wants(0) {
            grads.add(0, matmul(grad, &w)?)?;
        }
        if grads.wants(1) {
            add_product(grads, 1, &flat(grad)?.t()?, &flat(&a)?)?;
        }
        Ok(())
    }))
}

fn forward(x: &Var, weight: &Var, bias: Option<&Var>, residual: Option<&Var>) -> Result<Var> {
    let out = output(x, weight)?;
    let epilogue = Epilogue {
        bias: bias.map(Var::value),
        residual: residual.map(Var::value),
        ..Epilogue::default()
    };
    gemm_into(&out, x.value(), weight.value(), epilogue)?;
    let inputs: Vec<&Var> = [Some(x), Some(weight), bias, residual].into_iter().flatten().collect();
    let (x, weight) = (x.value().clone(), weight.value().clone());
    let (with_bias, last) = (bias.is_some(), inputs.len() - 1);
    let with_residual = residual.is_some();
    Ok(Var::from_op("linear", out, &inputs, move |grad, grads| {
        if with_residual {
            grads.add(last, grad.clone())?;
        }
        backward(grad, &x, &weight, with_bias, grads)
    }))
}

/// Gradients of x (input 0), weight (1) and bias (2) from that of `x·weight + bias`.
fn backward(
    grad: &Tensor,
    x: &Tensor,
    weight: &Tensor,
    bias: bool,
    grads: &mut Grads,
) -> Result<()> {
    let rows = flat(grad)?;
    if grads.wants(0) {
        grads.add(0, matmul(grad, &weight.t()?)?)?;
    }
    if grads.wants(1) {
        add_product(grads, 1, &flat(x)?.t()?, &rows)?;
    }
    if bias && grads.wants(2) {
        match grads.target(2) {
            Some(slot) => column_sum(&slot, &rows, true)?,
            None => {
                let shape = &rows.shape()[1..];
                let sum = Tensor::empty_for("linear", rows.device(), DType::F32, shape)?;
                column_sum(&sum, &rows, false)?;
                grads.add(2, sum)?;
            }
        }
    }
    Ok(())
}

fn output(x: &Var, weight: &Var) -> Result<Tensor> {
    let (x, weight) = (x.value(), matrix(weight.value())?);
    let (width, inputs) = (x.shape().last().copied(), weight.shape()[0]);
    if width != Some(inputs) || x.rank() < 2 {
        let reason = format!("x must be [.., {inputs}] for this weight");
        return Err(Error::shape("linear", &[x.shape(), weight.shape()], reason));
    }
    let shape = [&x.shape()[..x.rank() - 1], &weight.shape()[1..]].concat();
    Tensor::empty_for("linear", x.device(), x.dtype(), &shape)
}

fn matrix(weight: &Tensor) -> Result<&Tensor> {
    match weight.rank() {
        2 => Ok(weight),
        _ => Err(Error::shape("linear", &[weight.shape()], "a weight has two dimensions")),
    }
}

/// A linear layer with its parameters, `weight` `[in, out]` (decayed) and `bias` `[out]`.
#[derive(Clone, Debug)]
pub struct Linear {
    /// `[in, out]`.
    pub weight: Parameter,
    /// `[out]`.
    pub bias: Parameter,
}

impl Linear {
    /// Declares the parameters; the bias starts at zero.
    pub fn new(builder: &ParamBuilder, inputs: usize, outputs: usize, init: Init) -> Self {
        Linear {
            weight: builder.param("weight", &[inputs, outputs], init, true),
            bias: builder.param("bias", &[outputs], Init::Zeros, false),
        }
    }

    /// [`linear_residual`] with this layer's parameters.
    ///
    /// # Errors
    /// As [`linear`].
    pub fn forward_residual(&self, x: &Var, residual: &Var) -> Result<Var> {
        linear_residual(x, self.weight.var()?, Some(self.bias.var()?), residual)
    }

    /// [`linear_gelu`] with this layer's parameters.
    ///
    /// # Errors
    /// As [`linear`].
    pub fn forward_gelu(&self, x: &Var, gelu_backward: ActivationBackward) -> Result<Var> {
        linear_gelu(x, self.weight.var()?, Some(self.bias.var()?), gelu_backward)
    }
}

impl Module for Linear {
    fn forward(&self, x: &Var) -> Result<Var> {
        linear(x, self.weight.var()?, Some(self.bias.var()?))
    }
}
