use crate::norm::{NormScratch, global_norm_into};
use crate::{AdamWConfig, SgdConfig, adamw, sgd};
use strata_autograd::Parameters;
use strata_device::Buffer;
use strata_tensor::{DType, Result, Tensor};

/// What every optimizer here works on: the arenas, and the gradient's norm.
#[derive(Clone, Debug)]
struct Arenas {
    values: Tensor,
    grads: Tensor,
    decayed: usize,
    shadow: Option<Tensor>,
    norm: Tensor,
    scratch: NormScratch,
}

impl Arenas {
    fn new(parameters: &Parameters) -> Result<Self> {
        let device = parameters.device();
        Ok(Arenas {
            values: parameters.values()?,
            grads: parameters.grads()?,
            decayed: parameters.decayed(),
            shadow: parameters.shadow().cloned(),
            norm: Tensor::zeros(device, DType::F32, &[])?,
            scratch: NormScratch::new(device, parameters.arena_len())?,
        })
    }

    fn measure(&self) -> Result<()> {
        global_norm_into(&self.grads, &self.scratch, &self.norm)
    }

    fn shadowed(mut self, op: &'static str, shadow: &Tensor) -> Result<Self> {
        adamw::check_shadow(op, &self.values, shadow)?;
        self.shadow = Some(shadow.clone());
        Ok(self)
    }
}

/// AdamW over a model's arenas: three launches a step, no allocation, no word to the host.
#[derive(Clone, Debug)]
pub struct AdamW {
    arenas: Arenas,
    m: Tensor,
    v: Tensor,
    config: AdamWConfig,
}

impl AdamW {
    /// An optimizer of these parameters, with moments of zero.
    ///
    /// # Errors
    /// A number in `config` out of its range; no room for the moments (twice the parameters).
    pub fn new(parameters: &Parameters, config: AdamWConfig) -> Result<Self> {
        config.validate()?;
        let arenas = Arenas::new(parameters)?;
        let (m, v) = (parameters.arena_like()?, parameters.arena_like()?);
        Ok(AdamW { arenas, m, v, config })
    }

    /// With a shadow, a tensor in bf16 or f16 of the arena's length: each step's launch also writes the
    /// new values there, rounded. It is what a model reads that computes in 16 bits, so before the first
    /// step it should hold the values as they are.
    ///
    /// # Errors
    /// A shadow of another dtype, shape or device. Where a device has no rung for one, steps say so.
    pub fn with_shadow(self, shadow: &Tensor) -> Result<Self> {
        Ok(AdamW { arenas: self.arenas.shadowed("adamw", shadow)?, ..self })
    }

    /// Measures the gradient and moves every parameter; the gradients stay as they are. Learning
    /// rate and step (from 1) are read on the device from `state`
    /// ([`Device::step_state`](strata_device::Device::step_state)): only launches are made, so the
    /// step may be recorded.
    ///
    /// # Errors
    /// `state` is of another device or too small; the device fails.
    pub fn step(&self, state: &Buffer) -> Result<()> {
        let a = &self.arenas;
        a.measure()?;
        let arenas = [&a.values, &a.grads, &self.m, &self.v];
        adamw::step(arenas, a.shadow.as_ref(), state, &a.norm, a.decayed, self.config)
    }

    /// The moments m and v, arenas like the parameters': what a checkpoint saves, and where
    /// resuming writes them back ([`Tensor::write`]).
    pub fn moments(&self) -> (&Tensor, &Tensor) {
        (&self.m, &self.v)
    }

    /// The norm of the last step's gradient, before clipping: one f32 of shape `[]`. Not a number
    /// if any gradient was not.
    pub fn norm(&self) -> &Tensor {
        &self.arenas.norm
    }

    /// The numbers it was made with.
    pub fn config(&self) -> &AdamWConfig {
        &self.config
    }
}

/// Stochastic gradient descent over a model's arenas, with or without momentum.
#[derive(Clone, Debug)]
pub struct Sgd {
    arenas: Arenas,
    velocity: Option<Tensor>,
    config: SgdConfig,
}

impl Sgd {
    /// An optimizer of these parameters, with a velocity of zero.
    ///
    /// # Errors
    /// A number in `config` out of its range; no room for the velocity.
    pub fn new(parameters: &Parameters, config: SgdConfig) -> Result<Self> {
        config.validate()?;
        let arenas = Arenas::new(parameters)?;
        let velocity = match config.momentum > 0.0 {
            true => Some(parameters.arena_like()?),
            false => None,
        };
        Ok(Sgd { arenas, velocity, config })
    }

    /// With a shadow, as [`AdamW::with_shadow`].
    ///
    /// # Errors
    /// As [`AdamW::with_shadow`].
    pub fn with_shadow(self, shadow: &Tensor) -> Result<Self> {
        Ok(Sgd { arenas: self.arenas.shadowed("sgd", shadow)?, ..self })
    }

    /// Measures the gradient and moves every parameter; the gradients stay as they are. The learning
    /// rate is read on the device from `state`: only launches are made, so the step may be recorded.
    ///
    /// # Errors
    /// `state` is of another device or too small; the device fails.
    pub fn step(&self, state: &Buffer) -> Result<()> {
        let a = &self.arenas;
        a.measure()?;
        let velocity = self.velocity.as_ref();
        let values = (&a.values, a.shadow.as_ref());
        sgd::step(values, &a.grads, velocity, state, &a.norm, a.decayed, self.config)
    }

    /// The velocity, an arena like the parameters'; none without momentum.
    pub fn velocity(&self) -> Option<&Tensor> {
        self.velocity.as_ref()
    }

    /// The norm of the last step's gradient, before clipping: one f32 of shape `[]`.
    pub fn norm(&self) -> &Tensor {
        &self.arenas.norm
    }
}
