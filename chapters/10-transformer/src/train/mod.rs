//! Training: one step, the loop around it, and what it says while it runs.

mod config;
mod diagnose;
mod fit;
mod report;
mod saves;
mod step;
mod trainer;

#[cfg(not(target_family = "wasm"))]
pub use crate::blocking::{fit, sample};
pub use config::{Length, TrainConfig};
pub use fit::{Event, Outcome, Progress, Stop, fit_async, sample_async};
pub use report::{Evaluation, StepReport};
pub use saves::{SaveEvery, Saves};
pub use trainer::Trainer;
