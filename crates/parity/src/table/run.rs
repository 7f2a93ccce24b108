use super::{Cell, Column, Row, Table};
use crate::{Case, Probe, cases, compile, guarded};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use strata_ml::device::{
    Backend, Choice, Error, Found, Info, LadderInfo, Machine, RungInfo, Settings, cuda, devices,
};

/// Which part of the table.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only these ops; all where empty.
    pub ops: Vec<String>,
    /// Only these devices (`cpu`, `cuda:1`, `wgpu`); all that are here where empty.
    pub devices: Vec<Choice>,
}

/// One rung to be judged.
struct Task {
    case: Option<Case>,
    op: &'static str,
    rung: RungInfo,
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
    let task =
        |l: &LadderInfo, rung: &RungInfo| Task { case: case(l.op), op: l.op, rung: rung.clone() };
    let tasks: Vec<Task> = ladders
        .iter()
        .flat_map(|l| l.rungs.iter().map(|r| task(l, r)).collect::<Vec<_>>())
        .collect();
    let mut table = Table { unchecked, ..Table::default() };
    table.rows.extend(tasks.iter().map(|t| Row { op: t.op, rung: t.rung.name, cells: vec![] }));
    for found in present(filter) {
        let start = Instant::now();
        let (mut column, cells) = column(found, &tasks, &mut progress);
        column.seconds = start.elapsed().as_secs_f64();
        table.columns.push(column);
        for (row, cell) in table.rows.iter_mut().zip(cells) {
            row.cells.push(cell);
        }
    }
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
                progress(&format!("{name} {} {}", task.op, task.rung.name));
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
        Some(case) => compile::notes(case, &t.rung).map_err(|e| e.to_string()),
        None => Err(no_case(t.op)),
    });
    let noted: Vec<Result<_, String>> = noted.collect();
    let jobs: Vec<_> = noted
        .iter()
        .zip(tasks.iter().filter(stands))
        .map(|(notes, t)| (notes.clone().unwrap_or_default(), t.rung.needs.arch))
        .collect();
    let mut results = noted.into_iter().zip(compile::compile(&jobs));
    let mut next = || match results.next() {
        Some((Ok(_), Ok(images))) => Cell::Compiles { images },
        Some((Err(report), _) | (_, Err(report))) => Cell::Fail { report },
        None => Cell::Absent,
    };
    tasks.iter().map(|t| if stands(&t) { next() } else { Cell::Absent }).collect()
}

/// The verdict on one rung of an op on an open device.
pub(crate) fn verdict(op: &'static str, rung: &RungInfo, backend: &Arc<dyn Backend>) -> Cell {
    let case = cases().into_iter().find(|case| case.op == op);
    judged(&Task { case, op, rung: rung.clone() }, backend, backend.info())
}

/// The verdict on one rung on one device.
fn judged(task: &Task, backend: &Arc<dyn Backend>, info: &Info) -> Cell {
    if !task.rung.machines.contains(&info.machine) {
        return Cell::Absent;
    }
    if let Some(what) = task.rung.needs.lacking(info) {
        return Cell::Skipped { reason: format!("no {what}") };
    }
    let Some(case) = &task.case else { return Cell::Fail { report: no_case(task.op) } };
    let (device, watch) = guarded(backend.clone(), Settings::default());
    let mut probe = Probe::new(task.op, task.rung.name, case.page, &device)
        .precise(task.rung.precision)
        .watched(watch);
    let outcome = catch_unwind(AssertUnwindSafe(|| (case.run)(&mut probe)));
    let outcome = outcome.unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str);
        let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(crate::Error::Text(format!("{} {} panicked: {said}", task.op, task.rung.name)))
    });
    match outcome {
        Err(failure) => Cell::Fail { report: failure.to_string() },
        Ok(()) if probe.checks() == 0 => Cell::Fail {
            report: "the rung took none of the case's shapes: nothing was compared".into(),
        },
        Ok(()) => Cell::Pass { share: probe.share(), checks: probe.checks() },
    }
}

fn no_case(op: &str) -> String {
    format!("there is no case for {op}: add one in crates/parity/src/cases/")
}
