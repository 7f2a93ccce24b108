use strata_tensor::{Error, Result};

/// What AdamW keeps from step to step. The learning rate is not here: it changes, and comes from the
/// step state.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdamWConfig {
    /// Memory of the two moments, each in [0, 1). In f64, because the kernels need `1 - beta`, and
    /// `1 - 0.999` in f32 is wrong in the fifth digit.
    pub betas: (f64, f64),
    /// Keeps the division finite; positive (the arena's padding is zero and must stay so).
    pub eps: f32,
    /// Decoupled weight decay of the decayed parameters; 0 switches it off.
    pub weight_decay: f32,
    /// The largest norm the whole gradient may have; longer ones are scaled down to it.
    pub clip: Option<f32>,
}

impl Default for AdamWConfig {
    /// PyTorch's defaults: betas (0.9, 0.999), eps 1e-8, weight decay 0.01, no clipping.
    fn default() -> Self {
        AdamWConfig { betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.01, clip: None }
    }
}

/// What SGD keeps from step to step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SgdConfig {
    /// Memory of the velocity, in [0, 1); 0 is plain gradient descent and needs no memory.
    pub momentum: f32,
    /// Weight decay of the decayed parameters, added to the gradient (for SGD that is the same as
    /// decoupled decay without momentum).
    pub weight_decay: f32,
    /// The largest norm the whole gradient may have; longer ones are scaled down to it.
    pub clip: Option<f32>,
}

impl AdamWConfig {
    /// Checks every number.
    ///
    /// # Errors
    /// A number out of its range, named.
    pub fn validate(&self) -> Result<()> {
        let op = "adamw";
        for beta in [self.betas.0, self.betas.1] {
            unit(op, "beta", beta)?;
        }
        if !(self.eps.is_normal() && self.eps > 0.0) {
            return Err(Error::value(op, format!("eps is {}; it must be positive", self.eps)));
        }
        common(op, self.weight_decay, self.clip)
    }
}

impl SgdConfig {
    /// Checks every number.
    ///
    /// # Errors
    /// A number out of its range, named.
    pub fn validate(&self) -> Result<()> {
        unit("sgd", "momentum", f64::from(self.momentum))?;
        common("sgd", self.weight_decay, self.clip)
    }
}

fn unit(op: &'static str, name: &str, x: f64) -> Result<()> {
    // The second test is for numbers that round to 1 in the kernel's f32.
    if (0.0..1.0).contains(&x) && (x as f32) < 1.0 {
        return Ok(());
    }
    Err(Error::value(op, format!("{name} is {x}; it must be at least 0 and less than 1")))
}

fn common(op: &'static str, decay: f32, clip: Option<f32>) -> Result<()> {
    if !(decay.is_finite() && decay >= 0.0) {
        let reason = format!("weight decay is {decay}; it must be 0 or a positive number");
        return Err(Error::value(op, reason));
    }
    match clip {
        Some(c) if !(c.is_finite() && c > 0.0) => {
            let reason = format!("the clipping norm is {c}; it must be positive, or clipping off");
            Err(Error::value(op, reason))
        }
        _ => Ok(()),
    }
}
