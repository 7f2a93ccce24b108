use crate::adamw::{check, shadow_or_scrap, shadowing};
use crate::{SgdConfig, cpu};
use strata_device::{Buffer, Device, Ladder, Launch, Outcome, Rung, StepState, kernel};
use strata_tensor::{DType, Result, Tensor, bytes_of};

/// One step over the arenas; without momentum `velocity` is bound but never touched.
#[derive(Debug)]
pub(crate) struct Args {
    values: Tensor,
    grads: Tensor,
    velocity: Tensor,
    shadow: Option<Tensor>,
    state: Buffer,
    norm: Tensor,
    decayed: usize,
    config: SgdConfig,
}

kernel! {
    /// The constants CLIP, MOMENTUM and SHADOW say what of it is done.
    pub(crate) mod descend {
        bindings {
            values: write f32,
            grads: read f32,
            velocity: write f32,
            state: read StepState,
            norm: read f32,
            shadow: write Outcome,
        }
        params {
            /// Elements of the arenas.
            n: usize,
            /// The first ones, to which weight decay applies.
            decayed: usize,
            momentum: f32,
            weight_decay: f32,
            max_norm: f32,
        }
    }
    static NAIVE = "sgd/1_naive"(sgd) {
        cuda, wgsl, cpu: cpu::sgd in "src/cpu/sgd.rs", heeds ["SHADOW"]
    }
}

fn launch(a: &Args, device: &Device) -> strata_device::Result<Launch> {
    let n = a.values.numel();
    let SgdConfig { momentum, weight_decay, clip } = a.config;
    let moving = momentum > 0.0;
    let bytes = bytes_of([&a.values, &a.values, &a.grads]);
    let bytes = bytes + if moving { 2.0 * bytes_of([&a.velocity]) } else { 0.0 };
    let bytes = bytes + a.shadow.as_ref().map_or(0.0, |shadow| bytes_of([shadow]));
    let bindings = descend::Bindings {
        values: a.values.binding(),
        grads: a.grads.binding(),
        velocity: a.velocity.binding(),
        state: a.state.slice(0, size_of::<StepState>()),
        norm: a.norm.binding(),
        shadow: shadow_or_scrap(a.shadow.as_ref(), device)?,
    };
    let max_norm = clip.unwrap_or(0.0);
    let params = descend::Params { n, decayed: a.decayed, momentum, weight_decay, max_norm };
    let launch = NAIVE
        .launch(bindings, params)
        .cover(n, 256)
        .constant("CLIP", u32::from(clip.is_some()))
        .constant("MOMENTUM", u32::from(moving))
        .cost(6.0 * n as f64, bytes);
    Ok(shadowing(launch, a.shadow.as_ref()))
}

pub(crate) static LADDER: Ladder<Args> = Ladder {
    op: "sgd",
    rungs: &[Rung::new("1_naive", &[&NAIVE], |a, device| Ok(vec![launch(a, device)?]))],
};

/// One step of stochastic gradient descent over whole arenas, in place and in one launch:
///
/// ```text
/// g  = g * min(1, clip / (norm + 1e-6)) + weight_decay * p      decay: the first `decayed` only
/// u  = momentum u + g                                            the heavy ball (Polyak, 1964)
/// p -= lr * u
/// ```
///
/// `values`, `grads` and `velocity` are of one shape, contiguous and aligned, each with memory
/// of its own; without momentum `velocity` may be `None`. `lr` is read from `state` on the device,
/// and so is `norm`, one f32: the gradient's norm ([`global_norm`](crate::global_norm)), with
/// `config.clip` or without. Where it is infinite or not a number the step is left out, as in
/// [`adamw`](crate::adamw).
///
/// # Errors
/// Shapes, dtypes or devices that do not fit; two arenas in one piece of memory; momentum without a
/// velocity; a number in `config` out of its range.
pub fn sgd(
    values: &Tensor,
    grads: &Tensor,
    velocity: Option<&Tensor>,
    state: &Buffer,
    norm: &Tensor,
    decayed: usize,
    config: SgdConfig,
) -> Result<()> {
    step((values, None), grads, velocity, state, norm, decayed, config)
}

/// [`sgd`], whose launch also writes a shadow of the new values, as
/// [`adamw_with_shadow`](crate::adamw_with_shadow) does.
///
/// # Errors
/// As [`sgd`]; a shadow in f32, or on a device that has no rung for one.
pub fn sgd_with_shadow(
    [values, shadow]: [&Tensor; 2],
    grads: &Tensor,
    velocity: Option<&Tensor>,
    state: &Buffer,
    norm: &Tensor,
    decayed: usize,
    config: SgdConfig,
) -> Result<()> {
    step((values, Some(shadow)), grads, velocity, state, norm, decayed, config)
}

/// Either of them: the values, with their shadow if there is one.
pub(crate) fn step(
    (values, shadow): (&Tensor, Option<&Tensor>),
    grads: &Tensor,
    velocity: Option<&Tensor>,
    state: &Buffer,
    norm: &Tensor,
    decayed: usize,
    config: SgdConfig,
) -> Result<()> {
    let op = "sgd";
    config.validate()?;
    let mut arenas = vec![("values", values), ("gradients", grads)];
    arenas.extend(velocity.map(|velocity| ("velocity", velocity)));
    check(op, &arenas, shadow, state, norm)?;
    if values.numel() == 0 {
        return Ok(());
    }
    let velocity = match velocity {
        Some(velocity) => velocity.clone(),
        None if config.momentum == 0.0 => Tensor::empty(values.device(), DType::F32, &[1])?,
        None => return Err(strata_tensor::Error::value(op, "momentum needs a velocity arena")),
    };
    let args = Args {
        values: values.clone(),
        grads: grads.clone(),
        velocity,
        shadow: shadow.cloned(),
        state: state.clone(),
        norm: norm.clone(),
        decayed,
        config,
    };
    Ok(LADDER.run(&args, values.device())?)
}
