//! How fast each rung is, and how fast it could be.
//!
//! Correctness is the parity table's business. Here every op runs at the shapes of `gpt-12m`'s
//! training step: fresh random inputs, warm-up, caches flushed before each run, the device's own
//! clock, the median. Its launches say how many FLOPs and bytes they need at least; a memory stream
//! of the same bytes and the best matrix product, measured in the same run, say how fast this
//! machine can do that much. A rung above that ceiling is a mistake in the benchmark, and is
//! called one.

mod ceilings;
pub mod ladder;
mod meter;
mod print;
mod stamp;
mod step;
mod streams;
mod timing;
mod workload;
mod workloads;

pub use ceilings::Ceilings;
pub use stamp::{COMMIT, DeviceStamp, Stamp};
pub use step::{KernelRow, Step};
pub use streams::Streams;
pub use timing::{Bench, Timed};
pub use workload::{Inputs, Run, Shapes, Workload, noise};
pub(crate) use workload::{label, tenth_step};
pub use workloads::{SCALES, Scale, of as workloads};
pub(crate) use workloads::{contexts, elementwise, of_1024, rows};

use crate::{Error, Outcome};
use serde::Serialize;
use std::sync::Arc;
use strata_ml::device::{Backend, Choice, LadderInfo, Machine, RungInfo, Settings};

/// Above this share of a ceiling the benchmark is wrong, not the kernel good. (Calls shorter than
/// 20 us are not suspected: what they take is mostly the launch. Nor are software adapters, which are
/// there for checking.)
pub const SUSPECT: f64 = 1.05;

/// What is measured.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only these ops; all of them where empty.
    pub ops: Vec<String>,
    /// Fewer runs of each.
    pub quick: bool,
    /// The training step as a whole.
    pub step: bool,
    /// What each kernel contributes to the training step.
    pub profile: bool,
    /// A remark for the report.
    pub note: Option<String>,
}

/// One rung at one shape.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The op.
    pub op: &'static str,
    /// The rung.
    pub rung: &'static str,
    /// What it worked on.
    pub shape: String,
    /// Median time of a call on the device, in seconds; all launches of the rung together.
    pub seconds: f64,
    /// Calls that were timed.
    pub runs: usize,
    /// Floating-point operations of a call.
    pub flops: f64,
    /// The fewest bytes a call can move.
    pub bytes: f64,
    /// Share of the ceiling that binds: of the time its bytes or its FLOPs need at least.
    pub share: f64,
    /// Which ceiling: `memory` or `matmul`.
    pub ceiling: &'static str,
    /// Above the ceiling: the benchmark is wrong.
    pub suspect: bool,
}

/// A device, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measurements {
    /// When, of which commit, on what.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// Sequences of a batch.
    pub batch: usize,
    /// Tokens of a sequence.
    pub context: usize,
    /// What this machine can do.
    pub ceilings: Ceilings,
    /// The rungs.
    pub rows: Vec<Row>,
    /// What could not be measured, and why.
    pub failed: Vec<String>,
    /// The training step.
    pub step: Option<Step>,
    /// Its kernels, longest first.
    pub profile: Option<Vec<KernelRow>>,
}

/// Measures a device, telling `progress` what it is at.
///
/// # Errors
/// The device is not there, or cannot so much as copy. A rung that fails becomes a line of the
/// report.
pub fn run(
    choice: Choice,
    options: &Options,
    mut progress: impl FnMut(&str),
) -> Outcome<Measurements> {
    let settings = Settings::default();
    let open = || pollster::block_on(choice.backend(&settings));
    let backend: Arc<dyn Backend> = Arc::from(open()?);
    let info = backend.info().clone();
    let shapes = Shapes::of(&info);
    let bench = Bench::new(backend, options.quick)?;
    progress("ceilings");
    let mut ceilings = Ceilings::measure(&bench)?;
    let (mut measured, mut failed) = (Vec::new(), Vec::new());
    for ladder in strata_ml::ladders().iter().filter(|l| selected(l, options)) {
        for work in workloads::of(ladder.op) {
            for rung in rungs_on(ladder, info.machine) {
                progress(&format!("{} {}", ladder.op, rung.name));
                match row(&bench, &mut ceilings, &shapes, &work, rung) {
                    Ok(row) => measured.extend(row),
                    Err(error) => failed.push(format!("{} {}: {error}", ladder.op, rung.name)),
                }
            }
        }
        if workloads::of(ladder.op).is_empty() {
            failed.push(format!(
                "{}: no workload beside its case in crates/parity/src/cases",
                ladder.op
            ));
        }
    }
    progress("ceilings once more");
    ceilings.or_higher(Ceilings::measure(&bench)?);
    let rows = measured.into_iter().map(|(row, timed)| row.judged(&ceilings, &bench, &timed));
    let rows = rows.collect();
    // Some drivers hang with two devices at once: the next is opened when this is closed.
    drop(bench);
    let mut stepped = None;
    if options.step {
        progress("training step");
        stepped = Some(step::time(open()?, &shapes, options.quick, &ceilings)?);
    }
    let mut profile = None;
    if options.profile {
        progress("training step, kernel by kernel");
        profile = Some(step::profile(open()?, &shapes, &ceilings)?);
    }
    let (batch, context) = (shapes.batch, shapes.context);
    let stamp = Stamp::now(&info, options.note.clone());
    Ok(Measurements { stamp, batch, context, ceilings, rows, failed, step: stepped, profile })
}

fn selected(ladder: &LadderInfo, options: &Options) -> bool {
    options.ops.iter().any(|op| op == ladder.op)
}

/// The rungs that stand on the machine.
fn rungs_on(ladder: &LadderInfo, machine: Machine) -> impl Iterator<Item = &RungInfo> {
    ladder.rungs.iter().filter(move |r| r.machines.contains(&machine))
}

/// Times one rung, its share still to be judged; `None` where it does not take the workload's
/// shapes.
fn row(
    bench: &Bench,
    ceilings: &mut Ceilings,
    shapes: &Shapes,
    work: &Workload,
    rung: &RungInfo,
) -> Outcome<Option<(Row, Timed)>> {
    let device = bench.device().with_rung(work.op, rung.name);
    let run = (work.build)(shapes, &Inputs::random(&device))?;
    timed(bench, ceilings, work.op, rung, run)
}

/// Times a call of one rung, its share still to be judged; `None` where it does not take the shapes.
fn timed(
    bench: &Bench,
    ceilings: &mut Ceilings,
    op: &'static str,
    rung: &RungInfo,
    run: Run,
) -> Outcome<Option<(Row, Timed)>> {
    let Some(timed) = bench.time(rung.kernels, &*run.call)? else { return Ok(None) };
    if timed.launches == 0 {
        return Err(Error::Text("it launched none of its kernels".into()));
    }
    ceilings.learn(bench, &timed)?;
    let row = Row {
        op,
        rung: rung.name,
        shape: run.shape,
        seconds: timed.seconds,
        runs: timed.runs,
        flops: timed.cost.flops,
        bytes: timed.cost.bytes,
        share: 0.0,
        ceiling: "",
        suspect: false,
    };
    Ok(Some((row, timed)))
}

impl Row {
    /// With its share of the ceilings.
    fn judged(self, ceilings: &Ceilings, bench: &Bench, timed: &Timed) -> Self {
        let (share, ceiling) = ceilings.share(bench, timed);
        let software = bench.device().info().caps.software;
        let suspect = share > SUSPECT && self.seconds > 2e-5 && !software;
        Row { share, ceiling, suspect, ..self }
    }
}
