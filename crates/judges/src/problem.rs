//! Large problems to time a kernel on.

use crate::Outcome;
use std::sync::atomic::{AtomicU64, Ordering};
use strata_check::sample;
use strata_ml::device::{Device, Result};
use strata_ml::tensor::{Tensor, numel};

/// A call that can be repeated, and timed.
pub struct Problem {
    /// What it works on.
    pub shape: String,
    /// The call.
    pub call: Box<dyn Fn() -> Result<()>>,
}

impl Problem {
    /// A problem of this shape.
    pub fn new(shape: String, call: impl Fn() -> Result<()> + 'static) -> Self {
        Problem { shape, call: Box::new(call) }
    }
}

/// Random normals, others in every tensor.
///
/// # Errors
/// The device refuses.
pub fn noise(device: &Device, shape: &[usize]) -> Outcome<Tensor> {
    static SEED: AtomicU64 = AtomicU64::new(1);
    let seed = SEED.fetch_add(1, Ordering::Relaxed);
    Ok(Tensor::from_slice(device, &sample::noise(seed, numel("noise", shape)?), shape)?)
}
