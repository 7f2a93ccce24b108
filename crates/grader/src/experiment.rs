//! Is a barrier missing? Try it.
//!
//! A race may come out right by luck, on one machine, today. So on a card a kernel that shares memory
//! runs once more with every other warp slowed down where that memory changes hands: a kernel whose
//! barriers are right does not mind. And a kernel that is wrong is run again with barriers put in
//! those places. If the result is right then, that was it.

use crate::grade::{Case, Job, Ran};
use crate::{Failure, Language, Rejection};
use std::fs;
use std::time::{Duration, Instant};
use strata_check::diagnose::Diagnosis;
use strata_judges::variant::{candidates, shaken, shared_names, with};

/// Time for all tries; whoever waits for a verdict shall not wait long. Opening a card takes longer
/// than opening a software adapter.
const PATIENCE: [Duration; 2] = [Duration::from_millis(2500), Duration::from_millis(8000)];

/// Whether the kernel ran and gave wrong numbers: a text that does not compile fails otherwise.
pub(crate) fn wrong_numbers(failure: &Failure) -> bool {
    matches!(failure, Failure::Report(_) | Failure::Fault(_))
}

/// Whether a failure may come from a missing barrier: wrong numbers, and memory that is shared.
pub(crate) fn worth_it(failure: &Failure, text: &str) -> bool {
    wrong_numbers(failure) && !shared_names(text).is_empty()
}

/// A kernel that came out right on a card, shaken: what goes wrong then, after how many questions.
/// Software adapters run the lanes in a fixed order: there is no luck to be had from them.
pub(crate) fn shake(case: &Case, job: &Job, text: &str) -> Option<(Failure, usize)> {
    if case.software || candidates(text).is_empty() {
        return None;
    }
    [0, 1].into_iter().find_map(|parity| {
        let ran = tried(case, job, &shaken(text, case.language, parity), None)?;
        // A place that takes no statement is the experiment's fault, not the reader's.
        let failure = ran.outcome.err().filter(|failure| worth_it(failure, text));
        failure.map(|failure| (failure, ran.checks))
    })
}

/// Runs a variant of the reader's text.
fn tried(case: &Case, job: &Job, text: &str, stop: Option<usize>) -> Option<Ran> {
    let file = job.scratch.join(job.file.file_name()?);
    fs::write(&file, text).ok()?;
    Some(case.run(&file, stop))
}

/// The rejection, with the barrier that heals it where there is one.
pub(crate) fn explain(
    case: &Case,
    job: &Job,
    text: &str,
    failure: Failure,
    passed: usize,
) -> Rejection {
    let Some(line) = heals(case, job, text, passed) else { return failure.rejection() };
    // In a bug hunt the place is what is asked for.
    let line = if case.task.bug { None } else { line };
    let diagnosis = Diagnosis::MissingBarrier { line };
    match failure {
        Failure::Report(report) => Failure::Report(report.with(diagnosis)).rejection(),
        other => {
            let mut rejection = other.rejection();
            rejection.diagnoses.insert(0, diagnosis.name().into());
            rejection.text = format!("{}\n  diagnosis  {diagnosis}", rejection.text.trim_end());
            rejection
        }
    }
}

/// `Some(Some(line))`: one barrier after that line heals; `Some(None)`: several do; `None`: none.
fn heals(case: &Case, job: &Job, text: &str, passed: usize) -> Option<Option<u32>> {
    let start = Instant::now();
    let [software, card] = PATIENCE;
    let patience = if case.software { software } else { card };
    let candidates = candidates(text);
    let all = attempt(case, job, text, &candidates, passed);
    if all == Tried::Wrong {
        return None;
    }
    for &line in &candidates {
        if start.elapsed() > patience {
            break;
        }
        if attempt(case, job, text, &[line], passed) == Tried::Right {
            return Some(u32::try_from(line + 1).ok());
        }
    }
    (all == Tried::Right).then_some(None)
}

#[derive(PartialEq)]
enum Tried {
    Right,
    Wrong,
    /// The compiler does not allow a barrier there.
    Refused,
}

/// Runs the kernel with barriers after `lines`. Healed means: what was right stays right, and so does
/// the question that failed; on a card also when shaken.
fn attempt(case: &Case, job: &Job, text: &str, lines: &[usize], passed: usize) -> Tried {
    let barrier = match case.language {
        Language::Cuda => " __syncthreads();",
        _ => " workgroupBarrier();",
    };
    let healed = with(text, lines, barrier);
    let variants = match case.software {
        true => vec![healed],
        false => [0, 1].map(|parity| shaken(&healed, case.language, parity)).into(),
    };
    for text in variants {
        match tried(case, job, &text, Some(passed + 1)).map(|ran| ran.outcome) {
            Some(Ok(()) | Err(Failure::Stopped)) => {}
            Some(Err(failure)) if wrong_numbers(&failure) => return Tried::Wrong,
            _ => return Tried::Refused,
        }
    }
    Tried::Right
}
