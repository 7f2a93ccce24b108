//! How fast each rung is, and how fast it could be.
//!
//! Correctness is the parity table's business. Here every op runs at the shapes of `gpt-12m`'s
//! training step: fresh random inputs, warm-up, caches flushed before each run, the device's own
//! clock, the median. Its launches say how many FLOPs and bytes they need at least; a memory stream
//! of the same bytes and the best matrix product, measured in the same run, say how fast this
//! machine can do that much. A rung above that ceiling is a mistake in the benchmark, and is
//! called one.

mod against;
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

pub use against::{Against, Pair, Yardstick};
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
use strata_ml::device::{Backend, Choice, Info, LadderInfo, Precision, RungInfo, Settings};
use strata_ml::tensor::DType;

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
    /// How exactly: rungs of this precision, on activations that are kept in it.
    pub precision: Precision,
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
    /// How exactly.
    pub precision: &'static str,
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
    /// Share of the machine's speed of light: of the time that the best product takes for its FLOPs, or a
    /// copy beyond all caches for its bytes, whichever is longer.
    pub light: f64,
}

/// A device, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measurements {
    /// When, of which commit, on what.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// How exactly products were made, and what activations were kept in.
    pub precision: &'static str,
    /// Sequences of a batch.
    pub batch: usize,
    /// Tokens of a sequence.
    pub context: usize,
    /// What this machine can do.
    pub ceilings: Ceilings,
    /// The rungs.
    pub rows: Vec<Row>,
    /// What was not measured, and why.
    pub skipped: Vec<String>,
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
/// The device is not there, has not the precision, or cannot so much as copy. A rung that fails becomes
/// a line of the report.
pub fn run(
    choice: Choice,
    options: &Options,
    mut progress: impl FnMut(&str),
) -> Outcome<Measurements> {
    let precision = options.precision;
    let settings = Settings { precision, ..Settings::default() };
    let open = || pollster::block_on(choice.backend(&settings));
    let backend: Arc<dyn Backend> = Arc::from(open()?);
    let info = backend.info().clone();
    info.must_have(precision)?;
    let shapes = Shapes::of(&info);
    let bench = Bench::new(backend, options.quick)?;
    progress("ceilings");
    let mut ceilings = Ceilings::measure(&bench, precision)?;
    let (mut measured, mut failed) = (Vec::new(), Vec::new());
    let (mut skipped, mut unserved) = (Vec::new(), Vec::new());
    for ladder in strata_ml::ladders().iter().filter(|l| selected(l, options)) {
        if rungs_on(ladder, &info, precision).next().is_none() {
            unserved.push(ladder.op);
        }
        for rung in rungs_on(ladder, &info, precision) {
            if let Some(what) = rung.needs.lacking(&info) {
                skipped.push(format!("{} {}: no {what}", ladder.op, rung.name));
            }
        }
        for work in workloads::of(ladder.op) {
            for rung in rungs_on(ladder, &info, precision) {
                progress(&format!("{} {}", ladder.op, rung.name));
                let call = |inputs: &Inputs| (work.build)(&shapes, inputs);
                match timed(&bench, &mut ceilings, ladder.op, rung, precision, call) {
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
    if !unserved.is_empty() {
        skipped.push(format!("no rung in {precision}: {}", unserved.join(", ")));
    }
    progress("ceilings once more");
    ceilings.or_higher(Ceilings::measure(&bench, precision)?);
    let rows = measured.into_iter().map(|(row, timed)| row.judged(&ceilings, &bench, &timed));
    let rows = rows.collect();
    // Some drivers hang with two devices at once: the next is opened when this is closed.
    drop(bench);
    let mut stepped = None;
    if options.step {
        progress("training step");
        stepped = Some(step::time(open()?, &settings, &shapes, options.quick, &ceilings)?);
    }
    let mut profile = None;
    if options.profile {
        progress("training step, kernel by kernel");
        profile = Some(step::profile(open()?, &settings, &shapes, &ceilings)?);
    }
    Ok(Measurements {
        stamp: Stamp::now(&info, options.note.clone()),
        precision: precision.name(),
        batch: shapes.batch,
        context: shapes.context,
        ceilings,
        rows,
        skipped,
        failed,
        step: stepped,
        profile,
    })
}

fn selected(ladder: &LadderInfo, options: &Options) -> bool {
    options.ops.iter().any(|op| op == ladder.op)
}

/// The rungs that stand on the machine and serve a precision.
fn rungs_on<'a>(
    ladder: &'a LadderInfo,
    info: &Info,
    precision: Precision,
) -> impl Iterator<Item = &'a RungInfo> + use<'a> {
    let machine = info.machine;
    let here = ladder.rungs.iter().filter(move |r| r.machines.contains(&machine));
    here.filter(move |r| r.precisions().contains(&precision))
}

/// Times a call of one rung in a precision: on activations that are kept in it, or where the rung rounds
/// by itself and does not take those, in f32. `None` where it takes neither, or not such shapes.
fn taken(
    bench: &Bench,
    op: &str,
    rung: &RungInfo,
    precision: Precision,
    call: impl Fn(&Inputs) -> Outcome<Run>,
) -> Outcome<Option<(Run, Timed)>> {
    let device = bench.device().with_precision(precision).with_rung(op, rung.name);
    let inputs = Inputs::random(&device);
    let wide = (rung.precision == precision && precision.dtype() != DType::F32)
        .then(|| Inputs::random(&device).wide());
    for inputs in [inputs].into_iter().chain(wide) {
        let run = call(&inputs)?;
        if let Some(timed) = bench.time(rung.kernels, &*run.call)? {
            return Ok(Some((run, timed)));
        }
    }
    Ok(None)
}

/// Times a call of one rung, its share still to be judged; `None` where it does not take the shapes.
fn timed(
    bench: &Bench,
    ceilings: &mut Ceilings,
    op: &'static str,
    rung: &RungInfo,
    precision: Precision,
    call: impl Fn(&Inputs) -> Outcome<Run>,
) -> Outcome<Option<(Row, Timed)>> {
    let Some((run, timed)) = taken(bench, op, rung, precision, call)? else { return Ok(None) };
    if timed.launches == 0 {
        return Err(Error::Text("it launched none of its kernels".into()));
    }
    ceilings.learn(bench, &timed)?;
    let row = Row {
        op,
        rung: rung.name,
        precision: precision.name(),
        shape: run.shape,
        seconds: timed.seconds,
        runs: timed.runs,
        flops: timed.cost.flops,
        bytes: timed.cost.bytes,
        share: 0.0,
        ceiling: "",
        suspect: false,
        light: 0.0,
    };
    Ok(Some((row, timed)))
}

impl Row {
    /// With its share of the ceilings.
    fn judged(self, ceilings: &Ceilings, bench: &Bench, timed: &Timed) -> Self {
        let (share, ceiling) = ceilings.share(bench, timed);
        let software = bench.device().info().caps.software;
        let suspect = share > SUSPECT && self.seconds > 2e-5 && !software;
        Row { share, ceiling, suspect, light: ceilings.light(timed), ..self }
    }
}
