use crate::once::sharing;
use crate::{AdamWConfig, cpu};
use strata_device::{Access, Buffer, Kernel, Ladder, Launch, Needs, Rung, StepState, cpu_text};
use strata_tensor::{DType, Error, Result, Tensor};

/// One step over the arenas.
#[derive(Debug)]
pub(crate) struct Args {
    values: Tensor,
    grads: Tensor,
    m: Tensor,
    v: Tensor,
    state: Buffer,
    norm: Tensor,
    decayed: usize,
    config: AdamWConfig,
}

const BINDINGS: &[Access] =
    &[Access::Write, Access::Read, Access::Write, Access::Write, Access::Read, Access::Read];

static NAIVE: Kernel = Kernel::new("adamw/1_naive", "adamw", BINDINGS)
    .cuda(strata_kernels::source("adamw/1_naive"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("adamw/1_naive"), strata_shaders::INCLUDES)
    .cpu(cpu::adamw)
    .rust(cpu_text!("chapters/08-adamw" / "src/cpu/adamw.rs", adamw));

static VECTORIZED: Kernel = Kernel::new("adamw/2_vectorized", "adamw", BINDINGS)
    .cuda(strata_kernels::source("adamw/2_vectorized"), strata_kernels::INCLUDES)
    .wgsl(strata_shaders::source("adamw/2_vectorized"), strata_shaders::INCLUDES);

fn launch(kernel: &'static Kernel, a: &Args) -> Launch {
    let n = a.values.numel();
    let (beta1, beta2) = a.config.betas;
    // beta^step is exp(step * ln beta); where beta is 0 any large negative number will do.
    let ln = |beta: f64| beta.ln().max(-100.0) as f32;
    Launch::new(kernel)
        .bind(&a.values.flat())
        .bind(&a.grads.flat())
        .bind(&a.m.flat())
        .bind(&a.v.flat())
        .bind(&a.state.slice(0, size_of::<StepState>()))
        .bind(&a.norm.flat())
        .size(n)
        .size(a.decayed)
        .float(beta1 as f32)
        .float((1.0 - beta1) as f32)
        .float(beta2 as f32)
        .float((1.0 - beta2) as f32)
        .float(ln(beta1))
        .float(ln(beta2))
        .float(a.config.eps)
        .float(a.config.weight_decay)
        .float(a.config.clip.unwrap_or(0.0))
        .constant("CLIP", u32::from(a.config.clip.is_some()))
        .cost(14.0 * n as f64, 28.0 * n as f64)
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "adamw",
    rungs: &[
        Rung {
            name: "1_naive",
            kernels: &[&NAIVE],
            needs: Needs::NONE,
            accepts: |_| true,
            plan: |a, _| Ok(vec![launch(&NAIVE, a).cover(a.values.numel(), 256).rounds(18)]),
        },
        Rung {
            name: "2_vectorized",
            kernels: &[&VECTORIZED],
            needs: Needs::NONE,
            // Arenas always are: their parameters start at multiples of 64 elements.
            accepts: |a| a.values.numel().is_multiple_of(4),
            plan: |a, _| {
                Ok(vec![launch(&VECTORIZED, a).cover(a.values.numel() / 4, 256).rounds(18)])
            },
        },
    ],
};

/// One step of AdamW (Loshchilov and Hutter, "Decoupled weight decay regularization", 2019) over
/// whole arenas, in place and in one launch, with PyTorch's semantics:
///
/// ```text
/// g  = g * min(1, clip / (norm + 1e-6))
/// p -= lr * weight_decay * p                     the first `decayed` elements only
/// m  = beta1 m + (1 - beta1) g
/// v  = beta2 v + (1 - beta2) g²
/// p -= lr * (m / (1 - beta1^step)) / (sqrt(v / (1 - beta2^step)) + eps)
/// ```
///
/// All four tensors are f32 of one shape, contiguous and aligned, each with memory of its own. `lr`
/// and `step` (from 1; 0 counts as 1) are read from `state`, a [`StepState`], on the device, and so
/// is `norm`, one f32: the gradient's norm ([`global_norm`](crate::global_norm)), with
/// `config.clip` or without. Where it is infinite or not a number the step is left out, and
/// parameters and moments stay as they were: look at the norm to learn of it.
///
/// # Errors
/// Shapes, dtypes or devices that do not fit; two arenas in one piece of memory; a number in `config`
/// out of its range.
pub fn adamw(
    [values, grads, m, v]: [&Tensor; 4],
    state: &Buffer,
    norm: &Tensor,
    decayed: usize,
    config: AdamWConfig,
) -> Result<()> {
    config.validate()?;
    let arenas = [("values", values), ("gradients", grads), ("m", m), ("v", v)];
    check("adamw", &arenas, state, norm)?;
    if values.numel() == 0 {
        return Ok(());
    }
    let args = Args {
        values: values.clone(),
        grads: grads.clone(),
        m: m.clone(),
        v: v.clone(),
        state: state.clone(),
        norm: norm.clone(),
        decayed,
        config,
    };
    Ok(LADDER.run(&args, values.device())?)
}

/// What both optimizers ask of their arenas.
pub(crate) fn check(
    op: &'static str,
    named: &[(&str, &Tensor)],
    state: &Buffer,
    norm: &Tensor,
) -> Result<()> {
    let arenas: Vec<&Tensor> = named.iter().map(|(_, tensor)| *tensor).collect();
    let first = arenas[0];
    for tensor in &arenas {
        tensor.expect_dtype(op, DType::F32)?;
        first.same_device(op, tensor)?;
        tensor.slice(op)?;
        if tensor.shape() != first.shape() {
            let shapes: Vec<&[usize]> = arenas.iter().map(|t| t.shape()).collect();
            return Err(Error::shape(op, &shapes, "the arenas must have one shape"));
        }
    }
    if let Some((i, j)) = sharing(&arenas) {
        let (a, b) = (named[i].0, named[j].0);
        let reason = format!("{a} and {b} are in one piece of memory; give each its own");
        return Err(Error::value(op, reason));
    }
    norm.expect_dtype(op, DType::F32)?;
    first.same_device(op, norm)?;
    norm.slice(op)?;
    if norm.numel() != 1 {
        return Err(Error::shape(op, &[norm.shape()], "the norm is one number"));
    }
    if !state.device().same(first.device()) {
        let (a, b) = (first.device().info().label(), state.device().info().label());
        return Err(Error::Devices { op, a, b });
    }
    if state.bytes() < size_of::<StepState>() {
        let reason = format!(
            "the step state has {} bytes; Device::step_state makes one of 32",
            state.bytes()
        );
        return Err(Error::value(op, reason));
    }
    Ok(())
}
