//! CUDA without a card: every kernel that a case launches, compiled by NVRTC.

use crate::noted::{Note, noted};
use crate::table::refused;
use crate::{Case, Outcome, Probe};
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use strata_ml::device::{Arch, Precision, RungInfo, cuda};
use strata_ml::tensor::DType;

/// The oldest card that is served, and the newest that has kernels of its own.
const ARCHITECTURES: [(&str, u32); 2] = [("sm_90a", 90), ("sm_80", 80)];

/// The kernels of a rung as its case launches them with floats stored so; none where the rung does not
/// take those.
///
/// # Errors
/// The case fails before it launches anything.
pub(crate) fn notes(
    case: &Case,
    rung: &RungInfo,
    precision: Precision,
    stored: DType,
) -> Outcome<Vec<Note>> {
    let (device, notes) = noted();
    let device = device.with_precision(precision);
    let mut probe = Probe::new(case.op, rung.name, case.page, &device).storing(stored).unjudged();
    match (case.run)(&mut probe) {
        Err(failure) if precision != Precision::F32 && refused(&failure) => return Ok(Vec::new()),
        other => other?,
    }
    let mut list = notes.take();
    // Inputs may have been copied or filled on the way; those kernels have rows of their own.
    list.retain(|note| rung.kernels.iter().any(|k| k.path == note.kernel.path));
    Ok(list)
}

/// One run of the compiler.
struct Job {
    note: Note,
    arch: &'static str,
}

/// Compiles each rung's kernels: how many images came out, or the first log.
///
/// The first set of constants is compiled for every architecture, the others, which choose lines of
/// the same text, for the newest.
pub(crate) fn compile(rungs: &[(Vec<Note>, Arch)]) -> Vec<Result<usize, String>> {
    let mut jobs: Vec<(usize, Job)> = Vec::new();
    for (row, (notes, cards)) in rungs.iter().enumerate() {
        let mut known = HashSet::new();
        for note in notes {
            let first = known.insert(note.kernel.path);
            for (arch, number) in ARCHITECTURES {
                if cards.takes(number) && (first || number == ARCHITECTURES[0].1) {
                    jobs.push((row, Job { note: note.clone(), arch }));
                }
            }
        }
    }
    let next = AtomicUsize::new(0);
    let results: Mutex<HashMap<usize, Result<usize, String>>> = Mutex::default();
    let work = || {
        while let Some((row, job)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
            let image = cuda::compile(job.note.kernel, &job.note.constants, job.arch, None);
            let image = image
                .map_err(|error| format!("{} with {:?}: {error}", job.arch, job.note.constants));
            let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
            let entry = results.entry(*row).or_insert(Ok(0));
            match (&mut *entry, image) {
                (Ok(count), Ok(_)) => *count += 1,
                (Ok(_), Err(log)) => *entry = Err(log),
                (Err(_), _) => {}
            }
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let nothing = || Err("its case launched none of its kernels".to_string());
    (0..rungs.len()).map(|row| results.remove(&row).unwrap_or_else(nothing)).collect()
}
