//! Chapter 8: from gradients to better parameters. Two optimizers (SGD with momentum, AdamW), the
//! gradient's norm and clipping by it, and learning-rate schedules.
//!
//! Chapter 2 laid all parameters out in one arena, and their gradients in another. So a step is not
//! a loop over tensors: it is three launches whatever the model, two for the norm and one that moves
//! every parameter. The learning rate and the step's number are read on the device from the
//! [`StepState`](strata_device::StepState), and the clipping factor is computed there too, so that
//! nothing waits for the host and a recorded step can be replayed.
//!
//! ```
//! use strata_adamw::{AdamW, AdamWConfig};
//! use strata_autograd::{Init, ParamBuilder};
//! use strata_device::{Device, Settings, StepState};
//! let device = Device::open("cpu", Settings::default())?;
//! let builder = ParamBuilder::new();
//! let w = builder.param("w", &[3], Init::Ones, true);
//! let parameters = builder.build(&device, 1)?;
//! let optimizer = AdamW::new(&parameters, AdamWConfig::default())?;
//! let state = device.step_state(StepState { step: 1, lr: 0.1, ..StepState::default() })?;
//!
//! w.var()?.square()?.sum_all()?.backward()?; // the gradient of w·w is 2w
//! optimizer.step(&state)?;
//! assert!(w.var()?.value().to_vec::<f32>()?.iter().all(|w| (w - 0.899).abs() < 1e-6));
//! # Ok::<(), strata_tensor::Error>(())
//! ```
//!
//! # Where to begin
//! The ten lines to see first are the loop of `cpu/sgd.rs`, and then that of `cpu/adamw.rs`.
//!
//! 1. `sgd.rs`, then `adamw.rs`: one launch over the arena.
//! 2. `norm.rs`: the gradient's norm in two stages, and the clipping that reads it on the device.
//! 3. `optimizer.rs` with `config.rs`: what a training loop holds.
//! 4. `schedule.rs`: the learning rate, step by step. `once.rs` refuses lists that name a tensor twice.

mod adamw;
mod config;
mod cpu;
#[cfg(not(target_family = "wasm"))]
mod demo;
mod norm;
mod once;
mod optimizer;
mod schedule;
mod sgd;

pub use adamw::{adamw, adamw_with_shadow};
pub use config::{AdamWConfig, SgdConfig};
#[cfg(not(target_family = "wasm"))]
pub use demo::demo;
pub use norm::{NormScratch, global_norm, global_norm_into};
pub use once::once;
pub use optimizer::{AdamW, Sgd};
pub use schedule::Schedule;
pub use sgd::{sgd, sgd_with_shadow};

/// The ladders of this chapter, for the parity table.
pub fn ladders() -> Vec<strata_device::LadderInfo> {
    vec![adamw::LADDER.info(), sgd::LADDER.info(), norm::LADDER.info()]
}
