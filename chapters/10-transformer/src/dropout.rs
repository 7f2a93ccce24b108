use crate::cpu;
use strata_autograd::Var;
use strata_device::{Buffer, Ladder, LadderInfo, Rung, StepState, Stored, kernel};
use strata_tensor::{Error, Result, Tensor, bytes_of};

#[derive(Debug)]
struct Args {
    x: Tensor,
    residual: Option<Tensor>,
    state: Buffer,
    out: Tensor,
    p: f32,
    op: u32,
}

kernel! {
    /// `out = x` where it stays, scaled; with the constant `RESIDUAL` plus `residual`.
    pub mod thin_out {
        bindings { x: read Stored, residual: read Stored, state: read StepState, out: write Stored }
        params {
            n: usize,
            /// Which dropout of the model.
            op: u32,
            /// 24-bit numbers from here on stay: p as a fraction of 2^24.
            threshold: u32,
            /// `1 / (1 - p)`.
            scale: f32,
        }
    }
    /// A block of random numbers for four neighbors.
    pub static NAIVE = "dropout/1_naive"(dropout) {
        cuda, wgsl, cpu: cpu::dropout in "src/cpu/dropout.rs"
    }
}

#[expect(clippy::cast_possible_truncation, reason = "p is an f32 below 1: 1 / (1 - p) fits one")]
static LADDER: Ladder<Args> = Ladder {
    op: "dropout",
    rungs: &[Rung::new("1_naive", &[&NAIVE], |a, _| {
        let n = a.x.numel();
        let added = a.residual.as_ref().map_or(0, Tensor::nbytes) as f64;
        let bindings = thin_out::Bindings {
            x: a.x.binding(),
            residual: a.residual.as_ref().unwrap_or(&a.x).binding(),
            state: a.state.slice(0, size_of::<StepState>()),
            out: a.out.binding(),
        };
        let params = thin_out::Params {
            n,
            op: a.op,
            threshold: threshold(a.p),
            scale: (1.0 / (1.0 - f64::from(a.p))) as f32,
        };
        Ok(vec![
            NAIVE
                .launch(bindings, params)
                .cover(n.div_ceil(4), 256)
                .rounds(14)
                .constant("RESIDUAL", u32::from(a.residual.is_some()))
                .cost(2.0 * n as f64, bytes_of([&a.x, &a.out]) + added),
        ])
    })],
};

/// The ladder as data.
pub(crate) fn ladder() -> LadderInfo {
    LADDER.info()
}

/// The smallest 24-bit number that, as a fraction of 2^24, is at least `p`. Comparing integers, all
/// devices keep exactly the same elements.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "p is at least 0 and below 1"
)]
fn threshold(p: f32) -> u32 {
    (f64::from(p) * f64::from(1u32 << 24)).ceil() as u32
}

/// Dropout on tensors (Srivastava et al., 2014): each element of `x` is zeroed with probability `p`,
/// the others are multiplied by `1 / (1 - p)`; `residual`, if given, is added to the result.
///
/// Element `i` stays if word `i % 4` of Philox(counter `[i / 4, op, step, 0]`, key `[seed, 0]`), as
/// a fraction of 2^32 truncated to 24 bits, is at least `p`. Seed and step are read from `state` on the
/// device, so the mask changes with the step and is never stored: the gradient with respect to `x`
/// is this same function of the output's gradient, called while the state still shows that step.
/// `op` tells the dropouts of one model apart.
///
/// # Errors
/// `p` outside `[0, 1)`; a dtype that has no rung; shapes or devices that differ; a state buffer
/// that is too small.
pub fn dropout_forward(
    x: &Tensor,
    residual: Option<&Tensor>,
    p: f32,
    op: u32,
    state: &Buffer,
) -> Result<Tensor> {
    let name = "dropout";
    if !(0.0..1.0).contains(&p) {
        return Err(Error::value(name, format!("p is {p}; it must be at least 0 and less than 1")));
    }
    x.expect_float(name)?;
    if let Some(residual) = residual {
        residual.expect_float(name)?;
        x.same_device(name, residual)?;
        if x.shape() != residual.shape() {
            let reason = "the residual has another shape";
            return Err(Error::shape(name, &[x.shape(), residual.shape()], reason));
        }
    }
    check_state(name, x, state)?;
    let out = Tensor::empty(x.device(), x.dtype(), x.shape())?;
    if out.numel() > 0 {
        let args = Args {
            x: x.contiguous()?,
            residual: residual.map(Tensor::contiguous).transpose()?,
            state: state.clone(),
            out: out.clone(),
            p,
            op,
        };
        LADDER.run(&args, x.device())?;
    }
    Ok(out)
}

/// Checks that a buffer can be read as a [`StepState`] beside `x`.
pub(crate) fn check_state(op: &'static str, x: &Tensor, state: &Buffer) -> Result<()> {
    if !state.device().same(x.device()) {
        let (a, b) = (x.device().info().label(), state.device().info().label());
        return Err(Error::Devices { op, a, b });
    }
    if state.bytes() < size_of::<StepState>() {
        let reason = "the step state is too small; Device::step_state makes one of 32 bytes";
        return Err(Error::value(op, reason));
    }
    Ok(())
}

/// [`dropout_forward`] on the tape; with `p` 0 it is `x` itself. Backward draws the mask again from
/// `state`: run it before the state moves on.
///
/// # Errors
/// As [`dropout_forward`].
pub fn dropout(x: &Var, p: f32, op: u32, state: &Buffer) -> Result<Var> {
    if p == 0.0 {
        return Ok(x.clone());
    }
    let out = dropout_forward(x.value(), None, p, op, state)?;
    let state = state.clone();
    Ok(Var::from_op("dropout", out, &[x], move |grad, grads| {
        grads.add(0, dropout_forward(grad, None, p, op, &state)?)
    }))
}

/// `residual + dropout(x)` in one launch; with `p` 0 a plain addition.
///
/// # Errors
/// As [`dropout_forward`].
pub fn dropout_add(residual: &Var, x: &Var, p: f32, op: u32, state: &Buffer) -> Result<Var> {
    if p == 0.0 {
        return residual.add(x);
    }
    let out = dropout_forward(x.value(), Some(residual.value()), p, op, state)?;
    let state = state.clone();
    Ok(Var::from_op("dropout_add", out, &[residual, x], move |grad, grads| {
        if grads.wants(0) {
            grads.add(0, grad.clone())?;
        }
        match grads.wants(1) {
            true => grads.add(1, dropout_forward(grad, None, p, op, &state)?),
            false => Ok(()),
        }
    }))
}
