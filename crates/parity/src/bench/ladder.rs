//! An op's whole ladder over a range of sizes: what the book plots.

use super::workload::Inputs;
use super::{Bench, Ceilings, Row, SCALES, Scale, Stamp, Timed, rungs_on, timed};
use crate::table::{Cell, verdict};
use crate::{Error, Outcome};
use serde::Serialize;
use std::sync::Arc;
use strata_ml::device::room::room;
use strata_ml::device::{Backend, Choice, Info, Precision, Settings};

/// What is measured.
#[derive(Clone, Debug)]
pub struct Climb {
    /// Of these ops; [`SCALES`] has those that there are.
    pub ops: Vec<String>,
    /// At these sizes; at each op's own where empty.
    pub sizes: Vec<usize>,
    /// Fewer runs of each.
    pub quick: bool,
    /// A rung is left out at sizes where one run would take longer than so many seconds.
    pub longest: f64,
    /// How exactly: rungs of this precision, on activations that are kept in it.
    pub precision: Precision,
    /// A remark for the report.
    pub note: Option<String>,
}

impl Default for Climb {
    fn default() -> Self {
        let precision = Precision::F32;
        Climb { ops: vec![], sizes: vec![], quick: false, longest: 2.0, precision, note: None }
    }
}

/// What an op's sizes count.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Scaled {
    /// The op.
    pub op: &'static str,
    /// `elements`, for one.
    pub unit: &'static str,
}

/// A rung that was compared with the oracle, on the small shapes of the parity table, before it was
/// timed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Checked {
    /// The op.
    pub op: &'static str,
    /// The rung.
    pub rung: &'static str,
    /// How many comparisons.
    pub checks: usize,
    /// The largest share of its tolerance that any element used.
    pub tolerance_used: f64,
}

/// One rung at one size.
#[derive(Clone, Debug, Serialize)]
pub struct Point {
    /// The size.
    pub size: usize,
    /// What was measured.
    #[serde(flatten)]
    pub row: Row,
    /// FLOPs in a second.
    pub flops_per_second: f64,
    /// Bytes in a second: the fewest that a call can move, over its time.
    pub bytes_per_second: f64,
}

/// A rung that was not timed, at one size or at all.
#[derive(Clone, Debug, Serialize)]
pub struct Left {
    /// The op.
    pub op: &'static str,
    /// The rung.
    pub rung: &'static str,
    /// The size; `None` where it was timed at no size.
    pub size: Option<usize>,
    /// How long a run would take, reckoned from the size below.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Why.
    pub reason: String,
}

/// The ladders of a device, measured.
#[derive(Clone, Debug, Serialize)]
pub struct Sweep {
    /// When, of which commit, on what.
    #[serde(flatten)]
    pub stamp: Stamp,
    /// How exactly products were made, and what activations were kept in.
    pub precision: &'static str,
    /// What this machine can do. A product of these ladders may be the fastest: then it is the ceiling.
    pub ceilings: Ceilings,
    /// The ops.
    pub scales: Vec<Scaled>,
    /// The rungs that were found right, and so timed.
    pub checked: Vec<Checked>,
    /// Each of them at each size.
    pub rows: Vec<Point>,
    /// What was left out, and why.
    pub skipped: Vec<Left>,
    /// What was wrong, or could not be measured, and why.
    pub failed: Vec<String>,
}

/// Measures the ladders of some ops on a device, telling `progress` what it is at. A rung is timed only
/// if it passes the parity check in the same run.
///
/// # Errors
/// The device is not there, has not the precision, or cannot so much as copy; an op has no sizes. A rung that fails becomes a
/// line of the report.
pub fn climb(choice: Choice, options: &Climb, mut progress: impl FnMut(&str)) -> Outcome<Sweep> {
    let backend = pollster::block_on(choice.backend(&Settings::default()))?;
    let backend: Arc<dyn Backend> = Arc::from(backend);
    let info = backend.info().clone();
    let precision = options.precision;
    info.must_have(precision)?;
    let mut left = Leftovers::default();
    let (mut checked, mut rungs) = (Vec::new(), Vec::new());
    let scales = selected(options)?;
    let ladders = strata_ml::ladders();
    for scale in &scales {
        let ladder = ladders.iter().filter(|l| l.op == scale.op);
        for rung in ladder.flat_map(|ladder| rungs_on(ladder, &info, precision)) {
            let (op, name) = (scale.op, rung.name);
            progress(&format!("{op} {name}: is it right?"));
            match verdict(op, rung, precision, &backend) {
                Cell::Pass { share: tolerance_used, checks } => {
                    checked.push(Checked { op, rung: name, checks, tolerance_used });
                    rungs.push((*scale, rung));
                }
                Cell::Fail { report } => left.failed.push(format!("{op} {name}: {report}")),
                Cell::Skipped { reason } => left.skip(op, name, None, None, reason),
                Cell::Compiles { .. } | Cell::Absent => {}
            }
        }
    }
    let bench = Bench::new(backend, options.quick)?;
    progress("ceilings");
    let mut ceilings = Ceilings::measure(&bench, precision)?;
    let mut measured = Vec::new();
    for (scale, rung) in rungs {
        let sizes = if options.sizes.is_empty() { scale.sizes } else { &options.sizes };
        let mut below: Option<(usize, Timed)> = None;
        for &size in sizes {
            progress(&format!("{} {} {size}", scale.op, rung.name));
            let (seconds, reason) =
                obstacle(&scale, rung.name, size, below, options.longest, &info);
            if let Some(reason) = reason {
                left.skip(scale.op, rung.name, Some(size), seconds, reason);
                continue;
            }
            let build = |inputs: &Inputs| scale.build(size, inputs);
            match timed(&bench, &mut ceilings, scale.op, rung, precision, build) {
                Ok(Some((row, timed))) => {
                    if scale.op == "matmul" {
                        ceilings.raise(&timed, || format!("{} at {}", rung.name, row.shape));
                    }
                    below = Some((size, timed));
                    measured.push((size, row, timed));
                }
                Ok(None) => {
                    let reason = "the rung does not take this size".into();
                    left.skip(scale.op, rung.name, Some(size), None, reason);
                }
                Err(error) => {
                    left.failed.push(format!("{} {} at {size}: {error}", scale.op, rung.name));
                }
            }
        }
    }
    progress("ceilings once more");
    ceilings.or_higher(Ceilings::measure(&bench, precision)?);
    let rows = measured.into_iter().map(|(size, row, timed)| Point {
        size,
        flops_per_second: row.flops / row.seconds,
        bytes_per_second: row.bytes / row.seconds,
        row: row.judged(&ceilings, &bench, &timed),
    });
    Ok(Sweep {
        rows: rows.collect(),
        stamp: Stamp::now(&info, options.note.clone()),
        precision: precision.name(),
        ceilings,
        scales: scales.iter().map(|s| Scaled { op: s.op, unit: s.unit }).collect(),
        checked,
        skipped: left.skipped,
        failed: left.failed,
    })
}

/// What was not timed.
#[derive(Default)]
struct Leftovers {
    skipped: Vec<Left>,
    failed: Vec<String>,
}

impl Leftovers {
    fn skip(
        &mut self,
        op: &'static str,
        rung: &'static str,
        size: Option<usize>,
        seconds: Option<f64>,
        reason: String,
    ) {
        self.skipped.push(Left { op, rung, size, seconds, reason });
    }
}

fn selected(options: &Climb) -> Outcome<Vec<Scale>> {
    let find = |op: &String| {
        SCALES.iter().find(|s| s.op == op).copied().ok_or_else(|| {
            let have: Vec<_> = SCALES.iter().map(|s| s.op).collect();
            Error::Text(format!("{op} is not measured over sizes; {} are", have.join(", ")))
        })
    };
    options.ops.iter().map(find).collect()
}

/// How long a run should take, reckoned from the size below, and why it is not tried.
fn obstacle(
    scale: &Scale,
    rung: &str,
    size: usize,
    below: Option<(usize, Timed)>,
    longest: f64,
    info: &Info,
) -> (Option<f64>, Option<String>) {
    let elements = (scale.elements)(rung, size);
    if elements > u32::MAX as usize {
        return (None, Some("a tensor would have more elements than 32 bits count".into()));
    }
    let (bytes, most) = (elements.saturating_mul(4), info.caps.max_binding);
    // Inputs and outputs, and the host's own copy of what it draws.
    if let Err(error) = room(scale.op, bytes.saturating_mul(4)) {
        return (None, Some(error.to_string()));
    }
    if bytes > most {
        let reason = format!("a tensor has {bytes} bytes, and this device binds {most} at most");
        return (None, Some(reason));
    }
    let Some((known, timed)) = below else { return (None, None) };
    let seconds = timed.seconds * (size as f64 / known as f64).powi(scale.power);
    let reason = format!("a run would take about {seconds:.1} s, more than {longest} s");
    (Some(seconds), (seconds > longest).then_some(reason))
}
