//! How fast a kernel is, measured as the benchmarks measure: warm, caches flushed, the device's own
//! clock, the median.

use crate::catalog::Task;
use crate::contract::{of_parity, rung_of};
use crate::{Failure, Language, Outcome, kernel_task};
use std::path::Path;
use std::sync::Arc;
use strata_judges::Problem;
use strata_ml::device::{Backend, Choice, Device, Kernel, Overlay, Settings};
use strata_parity::bench::{Bench, Inputs, Run, Shapes, workloads};

/// A kernel's time on a large problem.
#[derive(Clone, Debug)]
pub struct Speed {
    /// The problem.
    pub shape: String,
    /// The device.
    pub device: String,
    /// Median seconds of a call.
    pub seconds: f64,
    /// Calls that were timed.
    pub runs: usize,
    /// FLOPs of a call.
    pub flops: f64,
    /// The fewest bytes a call must move.
    pub bytes: f64,
}

/// How much is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// One problem, a few times: enough to say whose kernel is faster.
    Glance,
    /// Every problem of the benchmark, as the benchmark does it.
    Whole,
}

/// Times a task's kernel: the reader's `file`, or ours where there is none.
///
/// # Errors
/// No such device, a file that does not compile, a device that fails.
pub fn measure(
    task: &Task,
    language: Language,
    file: Option<&Path>,
    effort: Effort,
) -> Outcome<Vec<Speed>> {
    let machine = language.machine();
    let mut settings = Settings::default();
    if let (Some(file), Some(path)) = (file, &task.kernel) {
        let files = vec![(path.clone(), machine, file.to_path_buf())];
        settings.overlay = Some(Arc::new(Overlay::of_files(files)));
    }
    let choice = Choice { machine, index: None };
    let backend: Arc<dyn Backend> = pollster::block_on(choice.backend(&settings))?.into();
    let info = backend.info().clone();
    let bench = Bench::new(backend, effort == Effort::Glance).map_err(of_parity)?;
    let (runs, kernels) = runs(task, bench.device(), &Shapes::of(&info))?;
    let mut list = Vec::new();
    for run in runs {
        let Some(timed) = bench.time(kernels, &*run.call).map_err(of_parity)? else { continue };
        list.push(Speed {
            shape: run.shape,
            device: info.label(),
            seconds: timed.seconds,
            runs: timed.runs,
            flops: timed.cost.flops,
            bytes: timed.cost.bytes,
        });
        if effort == Effort::Glance {
            break;
        }
    }
    Ok(list)
}

/// The problems of a task, and the kernels to time (all, if none is named).
fn runs(
    task: &Task,
    device: &Device,
    shapes: &Shapes,
) -> Outcome<(Vec<Run>, &'static [&'static Kernel])> {
    let judge = kernel_task(&task.exercise, &task.name);
    if let Some(speed) = judge.and_then(|judge| judge.speed) {
        let Problem { shape, call } = speed(device)?;
        return Ok((vec![Run { shape, call: Box::new(move || Ok(call()?)) }], &[]));
    }
    let Some((op, name)) = &task.contract else {
        return Err(Failure::ours(format!("{} has no problem to time", task.name)));
    };
    let rung = rung_of(op, name);
    let rung = rung.ok_or_else(|| Failure::ours(format!("the engine has no {op}={name}")))?;
    let device = device.with_rung(op, rung.name);
    let built: Result<Vec<Run>, _> =
        workloads(op).iter().map(|work| (work.build)(shapes, &Inputs::random(&device))).collect();
    Ok((built.map_err(of_parity)?, rung.kernels))
}
