use super::{Cell, Column, Row, Table};
use crate::{Case, Outcome, Probe, cases, compile, guarded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use strata_ml::device::{
    Backend, Choice, Error, Found, Info, LadderInfo, Machine, Precision, RungInfo, Settings, cuda,
    devices,
};
use strata_ml::tensor::{self, DType};
use strata_ml::transformer;

/// Which part of the table.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ops; all where empty.
    pub ops: Vec<String>,
    /// Only these devices (`cpu`, `cuda:1`, `wgpu`); all that are here where empty.
    pub devices: Vec<Choice>,
    /// Only these precisions; all where empty.
    pub precisions: Vec<Precision>,
}

/// One rung to be judged in one precision.
struct Task {
    case: Option<Case>,
    op: &'static str,
    rung: RungInfo,
    precision: Precision,
}

impl Task {
    /// What floats are stored in, each to be tried: a rung in its own precision may take f32 and round
    /// it, or what is rounded already.
    fn stored(&self) -> impl Iterator<Item = DType> + use<> {
        let own = self.rung.precision == self.precision;
        let dtype = self.precision.dtype();
        let wide = (own && dtype != DType::F32).then_some(DType::F32);
        wide.into_iter().chain([dtype])
    }
}

/// Fills the table, telling `progress` what it is at.
///
/// Everything that goes wrong is a cell of the table: a kernel that panics, a device that is lost.
/// Devices are opened one after the other, since some drivers hang with two at once.
pub fn run(filter: &Filter, mut progress: impl FnMut(&str)) -> Table {
    let wanted = |l: &LadderInfo| filter.ops.is_empty() || filter.ops.iter().any(|op| op == l.op);
    let list = cases();
    let case = |op: &str| list.iter().find(|c| c.op == op).copied();
    let ladders: Vec<_> = strata_ml::ladders().into_iter().filter(wanted).collect();
    let unchecked = ladders.iter().map(|l| l.op).filter(|op| case(op).is_none()).collect();
    let asked = |p: &Precision| filter.precisions.is_empty() || filter.precisions.contains(p);
    let mut tasks: Vec<Task> = Vec::new();
    for ladder in &ladders {
        for rung in &ladder.rungs {
            let (case, op) = (case(ladder.op), ladder.op);
            let task = |precision| Task { case, op, rung: rung.clone(), precision };
            tasks.extend(rung.precisions().into_iter().filter(asked).map(task));
        }
    }
    let mut table = Table { unchecked, ..Table::default() };
    table.rows.extend(tasks.iter().map(|t| Row {
        op: t.op,
        rung: t.rung.name,
        precision: t.precision.name(),
        cells: vec![],
    }));
    for found in present(filter) {
        let start = Instant::now();
        let (mut column, cells) = column(found, &tasks, &mut progress);
        column.seconds = start.elapsed().as_secs_f64();
        table.columns.push(column);
        for (row, cell) in table.rows.iter_mut().zip(cells) {
            row.cells.push(cell);
        }
    }
    // Floats in 16 bits that a rung's kernels could take, and the rung does not.
    table.rows.retain(|row| row.cells.iter().any(|cell| *cell != Cell::Absent));
    table
}

/// The devices of the table: one of each kind of card, CPU first.
fn present(filter: &Filter) -> Vec<Found> {
    let mut found = pollster::block_on(devices());
    let rank =
        |m: Machine| [Machine::Cpu, Machine::Wgpu, Machine::Cuda].iter().position(|&x| x == m);
    found.sort_by_key(|f| rank(f.machine));
    let asked = |f: &Found| {
        let index = f.info.as_ref().ok().map(|i| i.index);
        let fits = |c: &Choice| c.machine == f.machine && (c.index.is_none() || c.index == index);
        filter.devices.iter().any(fits)
    };
    if !filter.devices.is_empty() {
        // A device that was named and is not there: its machine's reason, or that there is no such.
        found.retain(asked);
        for choice in &filter.devices {
            if !found.iter().any(|f| f.machine == choice.machine) {
                let (machine, index) = (choice.machine, choice.index.unwrap_or(0));
                let reason = format!("there is no device {index}");
                let fix = "Leave its number out, or name another".into();
                found.push(Found {
                    machine,
                    info: Err(Error::Unavailable { machine, reason, fix }),
                });
            }
        }
        return found;
    }
    let mut known: Vec<(Machine, String)> = Vec::new();
    found.retain(|f| {
        let Ok(info) = &f.info else { return true };
        let key = (f.machine, info.name.clone());
        let new = !known.contains(&key);
        known.push(key);
        new
    });
    found
}

fn column(found: Found, tasks: &[Task], progress: &mut impl FnMut(&str)) -> (Column, Vec<Cell>) {
    let opened = found.info.and_then(|info| {
        let choice = Choice { machine: found.machine, index: Some(info.index) };
        let backend = pollster::block_on(choice.backend(&Settings::default()))?;
        Ok((info, Arc::<dyn Backend>::from(backend)))
    });
    match opened {
        Ok((info, backend)) => {
            let name = match info.machine {
                Machine::Cpu => "cpu".into(),
                machine => format!("{machine}:{}", info.index),
            };
            let device = Some(format!("{}, {}", info.name, info.driver));
            let each = |task: &Task| {
                progress(&format!("{name} {} {} {}", task.op, task.rung.name, task.precision));
                judged(task, &backend, &info)
            };
            let cells = tasks.iter().map(each).collect();
            (Column { name, device, skipped: None, seconds: 0.0 }, cells)
        }
        Err(error) => missing(found.machine, &error, tasks, progress),
    }
}

/// The column of a machine that is not here: CUDA's kernels can at least be compiled.
fn missing(
    machine: Machine,
    error: &Error,
    tasks: &[Task],
    progress: &mut impl FnMut(&str),
) -> (Column, Vec<Cell>) {
    let named = format!("{machine} is not available: ");
    let reason = error.to_string();
    let mut reason = reason.strip_prefix(&named).unwrap_or(&reason).to_string();
    let stands = |t: &Task| t.rung.machines.contains(&machine);
    let compiler = (machine == Machine::Cuda).then(cuda::compile_available);
    let cells = match compiler {
        Some(Ok(_)) => {
            progress("cuda: compiling every kernel");
            compiled(tasks)
        }
        other => {
            if let Some(Err(error)) = other {
                let lack = error.to_string();
                let lack = lack.strip_prefix(&named).unwrap_or(&lack);
                reason = format!("{reason}. Nor can its kernels be compiled: {lack}");
            }
            let skipped = || Cell::Skipped { reason: "no device".into() };
            tasks.iter().map(|t| if stands(t) { skipped() } else { Cell::Absent }).collect()
        }
    };
    let column =
        Column { name: machine.to_string(), device: None, skipped: Some(reason), seconds: 0.0 };
    (column, cells)
}

fn compiled(tasks: &[Task]) -> Vec<Cell> {
    let stands = |t: &&Task| t.rung.machines.contains(&Machine::Cuda);
    let noted = tasks.iter().filter(stands).map(|t| match &t.case {
        Some(case) => {
            let notes = t.stored().map(|stored| compile::notes(case, &t.rung, t.precision, stored));
            notes.collect::<Outcome<Vec<_>>>().map(|n| n.concat()).map_err(|e| e.to_string())
        }
        None => Err(no_case(t.op)),
    });
    let noted: Vec<Result<_, String>> = noted.collect();
    let jobs: Vec<_> = noted
        .iter()
        .zip(tasks.iter().filter(stands))
        .map(|(notes, t)| (notes.clone().unwrap_or_default(), t.rung.needs.arch))
        .collect();
    let mut results = noted.into_iter().zip(compile::compile(&jobs));
    let mut next = |task: &Task| match results.next() {
        // Its kernels could take such floats, but the rung does not.
        Some((Ok(notes), _)) if notes.is_empty() && task.rung.precision != task.precision => {
            Cell::Absent
        }
        Some((Ok(_), Ok(images))) => Cell::Compiles { images },
        Some((Err(report), _) | (_, Err(report))) => Cell::Fail { report },
        None => Cell::Absent,
    };
    tasks.iter().map(|t| if stands(&t) { next(t) } else { Cell::Absent }).collect()
}

/// The verdict on one rung of an op in one precision on an open device.
pub(crate) fn verdict(
    op: &'static str,
    rung: &RungInfo,
    precision: Precision,
    backend: &Arc<dyn Backend>,
) -> Cell {
    let case = cases().into_iter().find(|case| case.op == op);
    judged(&Task { case, op, rung: rung.clone(), precision }, backend, backend.info())
}

/// The verdict on one rung in one precision on one device.
fn judged(task: &Task, backend: &Arc<dyn Backend>, info: &Info) -> Cell {
    if !task.rung.machines.contains(&info.machine) {
        return Cell::Absent;
    }
    if let Some(what) = task.rung.needs.lacking(info) {
        return Cell::Skipped { reason: format!("no {what}") };
    }
    let Some(case) = &task.case else { return Cell::Fail { report: no_case(task.op) } };
    let (mut share, mut checks) = (0.0, 0);
    for stored in task.stored() {
        let settings = Settings { precision: task.precision, ..Settings::default() };
        let (device, watch) = guarded(backend.clone(), settings);
        let mut probe = Probe::new(task.op, task.rung.name, case.page, &device)
            .storing(stored)
            .precise(task.rung.precision)
            .watched(watch);
        let outcome = catch_unwind(AssertUnwindSafe(|| (case.run)(&mut probe)));
        let outcome = outcome.unwrap_or_else(|panic| {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            let said = said.unwrap_or("no message");
            Err(crate::Error::Text(format!("{} {} panicked: {said}", task.op, task.rung.name)))
        });
        match outcome {
            // The rung is forced: one that does not take such floats says so at once.
            Err(failure)
                if task.precision != Precision::F32 && probe.checks() == 0 && refused(&failure) => {
            }
            Err(failure) => return Cell::Fail { report: failure.to_string() },
            Ok(()) => (share, checks) = (probe.share().max(share), checks + probe.checks()),
        }
    }
    match checks {
        0 if task.precision != task.rung.precision => Cell::Absent,
        0 => Cell::Fail {
            report: "the rung took none of the case's shapes: nothing was compared".into(),
        },
        _ => Cell::Pass { share, checks },
    }
}

/// Whether a forced rung does not take what it was given, or an op that comes before it has none for that.
pub(crate) fn refused(failure: &crate::Error) -> bool {
    use crate::Error as Kind;
    let (Kind::Tensor(error) | Kind::Transformer(transformer::Error::Tensor(error))) = failure
    else {
        return false;
    };
    matches!(error, tensor::Error::Device(Error::UnknownRung { .. } | Error::DType { .. }))
}

fn no_case(op: &str) -> String {
    format!("there is no case for {op}: add one in crates/parity/src/cases/")
}
