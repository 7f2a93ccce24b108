use crate::once::sharing;
use crate::{AdamWConfig, cpu};
use strata_device::{
    Buffer, Device, Kernel, Ladder, Launch, Outcome, Rung, Slice, StepState, kernel,
};
use strata_tensor::{DType, Error, Result, Tensor, bytes_of};

/// One step over the arenas.
#[derive(Debug)]
pub(crate) struct Args {
    values: Tensor,
    grads: Tensor,
    m: Tensor,
    v: Tensor,
    shadow: Option<Tensor>,
    state: Buffer,
    norm: Tensor,
    decayed: usize,
    config: AdamWConfig,
}

kernel! {
    /// The constant CLIP says whether gradients are clipped, SHADOW whether there is a shadow to write.
    pub(crate) mod update {
        bindings {
            values: write f32,
            grads: read f32,
            m: write f32,
            v: write f32,
            state: read StepState,
            norm: read f32,
            shadow: write Outcome,
        }
        params {
            /// Elements of the arenas.
            n: usize,
            /// The first ones, to which weight decay applies.
            decayed: usize,
            beta1: f32,
            /// 1 - beta1, subtracted in f64.
            rest1: f32,
            beta2: f32,
            rest2: f32,
            ln_beta1: f32,
            ln_beta2: f32,
            eps: f32,
            weight_decay: f32,
            max_norm: f32,
        }
    }
    static NAIVE = "adamw/1_naive"(adamw) {
        cuda, wgsl, cpu: cpu::adamw in "src/cpu/adamw.rs", heeds ["SHADOW"]
    }
    static VECTORIZED = "adamw/2_vectorized"(adamw) { cuda, wgsl, heeds ["SHADOW"] }
}

fn launch(kernel: &'static Kernel, a: &Args, device: &Device) -> strata_device::Result<Launch> {
    let n = a.values.numel();
    let (beta1, beta2) = a.config.betas;
    // beta^step is exp(step * ln beta); where beta is 0 any large negative number will do.
    let ln = |beta: f64| beta.ln().max(-100.0) as f32;
    let bindings = update::Bindings {
        values: a.values.binding(),
        grads: a.grads.binding(),
        m: a.m.binding(),
        v: a.v.binding(),
        state: a.state.slice(0, size_of::<StepState>()),
        norm: a.norm.binding(),
        shadow: shadow_or_scrap(a.shadow.as_ref(), device)?,
    };
    let params = update::Params {
        n,
        decayed: a.decayed,
        beta1: beta1 as f32,
        rest1: (1.0 - beta1) as f32,
        beta2: beta2 as f32,
        rest2: (1.0 - beta2) as f32,
        ln_beta1: ln(beta1),
        ln_beta2: ln(beta2),
        eps: a.config.eps,
        weight_decay: a.config.weight_decay,
        max_norm: a.config.clip.unwrap_or(0.0),
    };
    let bytes = bytes_of([&a.grads]) + 2.0 * bytes_of([&a.values, &a.m, &a.v]);
    let launch = kernel
        .launch(bindings, params)
        .constant("CLIP", u32::from(a.config.clip.is_some()))
        .cost(14.0 * n as f64, bytes + a.shadow.as_ref().map_or(0.0, |shadow| bytes_of([shadow])));
    Ok(shadowing(launch, a.shadow.as_ref()))
}

/// What is bound as the shadow: any bytes where there is none.
pub(crate) fn shadow_or_scrap(
    shadow: Option<&Tensor>,
    device: &Device,
) -> strata_device::Result<Slice> {
    match shadow {
        Some(shadow) => Ok(shadow.binding()),
        None => Ok(device.alloc(size_of::<f32>())?.whole()),
    }
}

/// Tells of a shadow, and of nothing where there is none: a reader's kernel that knows of no shadow
/// serves without.
pub(crate) fn shadowing(launch: Launch, shadow: Option<&Tensor>) -> Launch {
    if shadow.is_some() { launch.constant("SHADOW", 1) } else { launch }
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "adamw",
    rungs: &[
        Rung::new("1_naive", &[&NAIVE], |a, device| {
            Ok(vec![launch(&NAIVE, a, device)?.cover(a.values.numel(), 256).rounds(18)])
        }),
        Rung::new("2_vectorized", &[&VECTORIZED], |a, device| {
            Ok(vec![launch(&VECTORIZED, a, device)?.cover(a.values.numel() / 4, 256).rounds(18)])
        })
        // Arenas always are: their parameters start where bindings may.
        .accepts(|a| a.values.numel().is_multiple_of(4)),
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
/// All four tensors are of one shape, contiguous and aligned, each with memory of its own. `lr`
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
    step([values, grads, m, v], None, state, norm, decayed, config)
}

/// [`adamw`], whose launch also writes a shadow: the new values rounded to bf16 or f16, for a model that
/// computes in 16 bits. The shadow has the arenas' shape; what is in it before counts for nothing, and
/// stays where the step is left out.
///
/// # Errors
/// As [`adamw`]; a shadow in f32, or on a device that has no rung for one.
pub fn adamw_with_shadow(
    arenas: [&Tensor; 4],
    shadow: &Tensor,
    state: &Buffer,
    norm: &Tensor,
    decayed: usize,
    config: AdamWConfig,
) -> Result<()> {
    step(arenas, Some(shadow), state, norm, decayed, config)
}

/// Either of them.
pub(crate) fn step(
    [values, grads, m, v]: [&Tensor; 4],
    shadow: Option<&Tensor>,
    state: &Buffer,
    norm: &Tensor,
    decayed: usize,
    config: AdamWConfig,
) -> Result<()> {
    config.validate()?;
    let arenas = [("values", values), ("gradients", grads), ("m", m), ("v", v)];
    check("adamw", &arenas, shadow, state, norm)?;
    if values.numel() == 0 {
        return Ok(());
    }
    let args = Args {
        values: values.clone(),
        grads: grads.clone(),
        m: m.clone(),
        v: v.clone(),
        shadow: shadow.cloned(),
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
    shadow: Option<&Tensor>,
    state: &Buffer,
    norm: &Tensor,
) -> Result<()> {
    let mut arenas: Vec<&Tensor> = named.iter().map(|(_, tensor)| *tensor).collect();
    let first = arenas[0];
    for tensor in &arenas {
        tensor.expect_float(op)?;
        first.same_device(op, tensor)?;
        tensor.expect_contiguous(op)?;
        if tensor.shape() != first.shape() {
            let shapes: Vec<&[usize]> = arenas.iter().map(|t| t.shape()).collect();
            return Err(Error::shape(op, &shapes, "the arenas must have one shape"));
        }
    }
    if let Some(shadow) = shadow {
        check_shadow(op, first, shadow)?;
        arenas.push(shadow);
    }
    if let Some((i, j)) = sharing(&arenas) {
        let name = |i: usize| named.get(i).map_or("shadow", |named| named.0);
        let (a, b) = (name(i), name(j));
        let reason = format!("{a} and {b} are in one piece of memory; give each its own");
        return Err(Error::value(op, reason));
    }
    norm.expect_float(op)?;
    first.same_device(op, norm)?;
    norm.expect_contiguous(op)?;
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

/// That a tensor can be the shadow of these values.
pub(crate) fn check_shadow(op: &'static str, values: &Tensor, shadow: &Tensor) -> Result<()> {
    if !matches!(shadow.dtype(), DType::BF16 | DType::F16) {
        return Err(Error::DType { op, want: "a shadow in bf16 or f16", got: shadow.dtype() });
    }
    values.same_device(op, shadow)?;
    shadow.expect_contiguous(op)?;
    match shadow.shape() == values.shape() {
        true => Ok(()),
        false => {
            let shapes = [values.shape(), shadow.shape()];
            Err(Error::shape(op, &shapes, "a shadow has the shape of the values"))
        }
    }
}
