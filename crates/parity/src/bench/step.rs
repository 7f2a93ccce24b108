//! The training step of `gpt-12m`: how many tokens a second, and where the time goes.

use super::ceilings::Ceilings;
use super::workload::{Shapes, index};
use crate::Outcome;
use serde::Serialize;
use std::time::{Duration, Instant};
use strata_ml::data::Batch;
use strata_ml::device::random::Stream;
use strata_ml::device::{Backend, Device, Settings};
use strata_ml::transformer::train::{Length, TrainConfig, Trainer};
use strata_ml::transformer::{Gpt, GptConfig};

/// How long a step takes.
#[derive(Clone, Debug, Serialize)]
pub struct Step {
    /// The model.
    pub preset: &'static str,
    /// How exactly products were made, and what activations were kept in.
    pub precision: &'static str,
    /// Median time of a step, from batch to loss, in seconds.
    pub seconds: f64,
    /// Steps that were timed.
    pub runs: usize,
    /// Tokens in a second.
    pub tokens_per_second: f64,
    /// FLOPs in a second, counting what the model needs (and nothing recomputed).
    pub flops_per_second: f64,
    /// Of the best matrix product.
    pub share: f64,
    /// Bytes held on the device.
    pub memory_bytes: u64,
}

/// One kernel's part of a step.
#[derive(Clone, Debug, Serialize)]
pub struct KernelRow {
    /// `<op>/<n>_<rung>:entry`.
    pub kernel: String,
    /// Launches.
    pub launches: u64,
    /// All of them together.
    pub seconds: f64,
    /// Part of the sum over all kernels.
    pub part: f64,
    /// FLOPs in a second.
    pub flops_per_second: f64,
    /// Bytes in a second.
    pub bytes_per_second: f64,
    /// Of the ceiling that binds: the fastest stream, or the best matrix product. Nothing is flushed
    /// here, so what is still in a cache may beat both.
    pub share: f64,
}

const PRESET: &str = "gpt-12m";

fn trainer(device: &Device, s: &Shapes) -> Outcome<Trainer> {
    let model = GptConfig::preset(PRESET)?;
    let config = TrainConfig {
        model: model.clone(),
        batch: s.batch,
        accumulate: 1,
        context: s.context,
        length: Length::Steps(1000),
        lr: 1e-4,
        schedule: "constant".into(),
        betas: (0.9, 0.95),
        weight_decay: 0.1,
        clip: Some(1.0),
        dropout: 0.0,
        label_smoothing: 0.0,
        seed: 1,
        eval_every: 1000,
        eval_batches: 1,
    };
    Ok(Trainer::new(Gpt::new(&model, device, 1)?, config)?)
}

/// A batch of random tokens: the step does not care what they say.
fn batch(s: &Shapes, seed: u64) -> Batch {
    let mut stream = Stream::new(seed, 2);
    let mut draw = || (0..s.rows()).map(|_| index(&mut stream, s.vocab)).collect::<Vec<u32>>();
    let (inputs, targets) = (draw(), draw());
    Batch {
        inputs,
        targets,
        batch: s.batch,
        context: s.context,
        scored: s.rows(),
        bytes: 0,
        floor_nats: None,
    }
}

/// Times whole steps, as training runs them: recorded where the machine gains by it.
pub(super) fn time(
    backend: Box<dyn Backend>,
    settings: &Settings,
    s: &Shapes,
    quick: bool,
    ceilings: &Ceilings,
) -> Outcome<Step> {
    let device = Device::new(backend, settings.clone());
    let mut trainer = trainer(&device, s)?;
    // Two steps op by op, one that is recorded, one to settle; a CPU needs only to warm up.
    let warm = if device.gains_by_recording() { 4 } else { 1 };
    for i in 0..warm {
        trainer.step(&batch(s, i), 1e-4)?;
    }
    let (enough, fewest) = if quick { (1.0, 2) } else { (8.0, 5) };
    let start = Instant::now();
    let mut times: Vec<Duration> = Vec::new();
    while times.len() < fewest || (start.elapsed().as_secs_f64() < enough && times.len() < 200) {
        let batch = batch(s, 100 + times.len() as u64);
        let start = Instant::now();
        trainer.step(&batch, 1e-4)?;
        times.push(start.elapsed());
    }
    times.sort();
    #[expect(clippy::indexing_slicing, reason = "`fewest` steps were timed")]
    let seconds = times[times.len() / 2].as_secs_f64().max(1e-9);
    let tokens_per_second = s.rows() as f64 / seconds;
    let flops_per_second = trainer.model().config().flops_per_token(s.context) * tokens_per_second;
    Ok(Step {
        preset: PRESET,
        precision: settings.precision.name(),
        seconds,
        runs: times.len(),
        tokens_per_second,
        flops_per_second,
        share: flops_per_second / ceilings.flops_per_second,
        memory_bytes: device.stats().bytes,
    })
}

/// One step, launch by launch.
pub(super) fn profile(
    backend: Box<dyn Backend>,
    settings: &Settings,
    s: &Shapes,
    ceilings: &Ceilings,
) -> Outcome<Vec<KernelRow>> {
    let (device, log) = Device::profiled(backend, settings.clone());
    let mut trainer = trainer(&device, s)?;
    trainer.step(&batch(s, 1), 1e-4)?;
    trainer.step(&batch(s, 2), 1e-4)?;
    log.clear();
    trainer.step(&batch(s, 3), 1e-4)?;
    let rows = log.rows();
    let total: f64 = rows.iter().map(|r| r.time.as_secs_f64()).sum();
    let (flops, bytes) = (ceilings.flops_per_second, ceilings.bytes_per_second.best());
    Ok(rows
        .into_iter()
        .map(|r| KernelRow {
            launches: r.launches,
            seconds: r.time.as_secs_f64(),
            part: r.time.as_secs_f64() / total.max(1e-12),
            flops_per_second: r.flops_per_second(),
            bytes_per_second: r.bytes_per_second(),
            share: r.share(flops, bytes),
            kernel: r.kernel,
        })
        .collect())
}
