//! One kernel file, one tier, one verdict, in this process.

use crate::catalog::{self, Task};
use crate::{
    Failure, KernelTask, Language, Outcome, Rejection, Trial, Verdict, contract, experiment, files,
    kernel_task,
};
use serde::{Deserialize, Serialize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use strata_judges::endless;
use strata_ml::device::{Backend, Choice, Error, Overlay, Settings, cuda};
use strata_parity::guarded;

/// What is to be judged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The exercise: `ex03-matmul`.
    pub exercise: String,
    /// The task.
    pub task: String,
    /// The language, and so the machine.
    pub language: Language,
    /// The answer's file.
    pub file: PathBuf,
    /// A folder for the variants that an experiment tries.
    pub scratch: PathBuf,
    /// Whether the task's timed call is timed too, once the answer passes.
    #[serde(default)]
    pub timed: bool,
}

/// A kernel task with everything that judging it takes.
pub(crate) struct Case {
    pub task: &'static Task,
    pub judge: &'static KernelTask,
    /// The path that the answer's file stands in front of.
    pub path: String,
    pub language: Language,
    /// The tier is a program that plays a GPU; known once the case has run.
    pub software: bool,
}

/// What came of one run of a judge.
pub(crate) struct Ran {
    pub outcome: Outcome,
    /// Questions answered well.
    pub checks: usize,
    /// The device is a program that plays a GPU.
    pub software: bool,
}

impl Case {
    fn of(job: &Job) -> Result<Case, String> {
        let task = catalog::task(&job.exercise, &job.task).map_err(|e| e.to_string())?;
        let judge = kernel_task(&job.exercise, &job.task);
        let judge = judge.ok_or_else(|| format!("{} {} has no judge", job.exercise, job.task))?;
        let path = task.kernel.clone();
        let path = path.ok_or_else(|| format!("{} names no kernel", job.task))?;
        Ok(Case { task, judge, path, language: job.language, software: false })
    }

    /// A device of the tier with `file` in front of the built-in kernel.
    pub fn overlay(&self, file: &Path) -> Overlay {
        let machine = self.language.machine();
        Overlay::of_files(vec![(self.path.clone(), machine, file.to_path_buf())])
    }

    /// Judges a file.
    pub fn run(&self, file: &Path, stop_after: Option<usize>) -> Ran {
        let settings =
            Settings { overlay: Some(Arc::new(self.overlay(file))), ..Settings::default() };
        let choice = Choice { machine: self.language.machine(), index: None };
        let backend: Arc<dyn Backend> = match pollster::block_on(choice.backend(&settings)) {
            Ok(backend) => backend.into(),
            Err(error) => return Ran { outcome: Err(error.into()), checks: 0, software: false },
        };
        let software = backend.info().caps.software;
        let (device, watch) = guarded(backend, settings);
        let mut trial = Trial::new(self.task, self.language, device, watch, contract::hold);
        if let Some(checks) = stop_after {
            trial = trial.stop_after(checks);
        }
        Ran { outcome: self.judged(&mut trial), checks: trial.checks(), software }
    }

    /// Waits for what the judge says of a trial.
    pub fn judged(&self, trial: &mut Trial) -> Outcome {
        let judged = AssertUnwindSafe(|| pollster::block_on((self.judge.judge)(trial)));
        catch_unwind(judged).unwrap_or_else(|panic| Err(Failure::panicked(&*panic)))
    }
}

/// Judges a kernel's file. `report` hears what is known so far: a later step may not come back.
pub fn grade(job: &Job, report: &mut dyn FnMut(&Verdict)) -> Verdict {
    advised(judge(job, &mut |verdict| report(&advised(verdict.clone()))))
}

/// Judges know no commands: what to type is said here.
fn advised(mut verdict: Verdict) -> Verdict {
    if let Verdict::Rejected(Rejection { diagnoses, text }) = &mut verdict
        && diagnoses.first().is_some_and(|name| name == "contract-broken")
    {
        *text = format!(
            "{}\n  `cargo strata reset` brings the file back as it came (a backup is kept)",
            text.trim_end()
        );
    }
    verdict
}

fn judge(job: &Job, report: &mut dyn FnMut(&Verdict)) -> Verdict {
    let mut case = match Case::of(job) {
        Ok(case) => case,
        Err(text) => return Verdict::rejected("device-error", text),
    };
    let text = match readable(job) {
        Ok(text) => text,
        Err(verdict) => return verdict,
    };
    let Ran { outcome, checks, software } = case.run(&job.file, None);
    case.software = software;
    let (failure, checks) = match outcome {
        Err(Failure::Device(error @ Error::Unavailable { .. })) => {
            let compiler = job.language == Language::Cuda && cuda::compile_available().is_ok();
            let reason = error.to_string();
            return match compiler {
                true => contract::compiles(&case, &job.file, &reason),
                false => Verdict::Skipped { reason },
            };
        }
        Err(failure) => (failure, checks),
        Ok(()) => match experiment::shake(&case, job, &text) {
            Some((failure, passed)) => (failure, passed),
            None => return Verdict::Passed { checks },
        },
    };
    let cut_short = case.software && experiment::wrong_numbers(&failure);
    if let Some(line) = endless(&text).filter(|_| cut_short) {
        return Verdict::Rejected(endless_loop(failure.rejection(), line));
    }
    if !experiment::worth_it(&failure, &text) {
        return Verdict::Rejected(failure.rejection());
    }
    let (plain, failure) = split(failure);
    report(&Verdict::Rejected(plain));
    Verdict::Rejected(experiment::explain(&case, job, &text, failure, checks))
}

/// A rejection whose cause is plain: a loop that never ends, on a machine that cuts loops short.
fn endless_loop(mut rejection: Rejection, line: usize) -> Rejection {
    rejection.diagnoses.insert(0, "endless-loop".into());
    rejection.text = format!(
        "{}\n  diagnosis  nothing ends the loop that begins on line {line}: is its counter moved, or is \
         there a `break`? (This adapter cuts such loops short; a card would hang.)",
        rejection.text.trim_end()
    );
    rejection
}

/// The rejection as it stands, and the failure for those who may find out more.
fn split(failure: Failure) -> (Rejection, Failure) {
    match failure {
        Failure::Report(report) => {
            (Failure::Report(report.clone()).rejection(), Failure::Report(report))
        }
        other => {
            let text = other.to_string();
            (other.rejection(), Failure::Fault(text))
        }
    }
}

fn readable(job: &Job) -> Result<String, Verdict> {
    let number = job.exercise.split('-').next().unwrap_or_default();
    let back = format!("`cargo strata reset {number} {}` brings it back", job.task);
    let file = job.file.display();
    let wrong = |text: String| Err(Verdict::rejected("does-not-compile", text));
    match files::read_text(&job.file) {
        Ok(Some(text)) if text.trim().is_empty() => wrong(format!("{file} is empty; {back}")),
        Ok(Some(text)) => Ok(text),
        Ok(None) => wrong(format!("{file} is gone; {back}")),
        Err(error) => wrong(error.to_string()),
    }
}
