//! The `main` of an exercise's tests: `cargo test -p ex03-matmul`, with a task's name as filter.
//!
//! It reads like the test runner that Rust readers know, but judges each answer in a process of its
//! own, on every tier this machine has, and says what to do next.

mod options;
mod report;
mod safe;

use crate::catalog::{self, Exercise, Task};
use crate::grade::Job;
use crate::graded::Graded;
use crate::home::Home;
use crate::isolate::{self, Bounds, Judged, Limits};
use crate::progress::{self, Progress};
use crate::tiers::{Here, Tier, announce, tiers};
use crate::{Failure, Language, Verdict, files};
use options::Options;
use report::{line, report};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};
pub use strata_judges::{RustTask, rust_task as rust};

/// A folder in which to leave the results as JSON lines too, one file an exercise.
pub const RESULTS: &str = "STRATA_RESULTS";
/// The languages to judge (`rust,wgsl`); without it all.
pub const TIERS: &str = "STRATA_TIERS";
/// Set to anything, files that are still as they came are judged like any other: the proof wants to
/// see them fail.
pub const STUBS: &str = "STRATA_JUDGE_STUBS";
/// Set to anything, the timed calls of tasks that pass are timed.
pub const SPEED: &str = "STRATA_SPEED";

/// Runs the tests of an exercise.
pub fn main(exercise: &str, rust: &[RustTask]) -> ExitCode {
    // The answer's functions are called in a judge's process only: not even timed in this one.
    if let Some(code) = isolate::serve_timed(|job| run_rust(rust, job), |job| time(rust, job)) {
        return code;
    }
    let options = Options::parse(std::env::args().skip(1));
    let exercise = match catalog::find(exercise) {
        Ok(exercise) => exercise,
        Err(error) => return fail(&error.to_string()),
    };
    let tasks: Vec<&'static Task> =
        exercise.tasks.iter().filter(|task| options.takes(&task.name) && wanted(task)).collect();
    if options.list {
        tasks.iter().for_each(|task| println!("{}: test", task.name));
        return ExitCode::SUCCESS;
    }
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let folder = folder.or_else(|| std::env::current_dir().ok()).unwrap_or_default();
    stand_at_root(&folder);
    let tiers = tiers();
    println!("\n{}: {}", exercise.name, exercise.title);
    match announce(&tiers) {
        Ok(lines) => lines.iter().for_each(|line| eprintln!("{line}")),
        Err(text) => return fail(&text),
    }
    println!("\nrunning {} task{}", tasks.len(), if tasks.len() == 1 { "" } else { "s" });
    let mut results = Vec::new();
    for task in tasks {
        let list = judge(exercise, task, &folder, &tiers);
        println!("test {} ... {}", task.name, line(&list));
        results.push((task, list));
    }
    keep(&folder, results.iter().flat_map(|(_, list)| list));
    report(exercise, &results)
}

/// Cargo starts tests in their package; readers type, and click on, paths from the workspace's root.
fn stand_at_root(package: &Path) {
    let root = package.parent().and_then(|above| {
        [above, above.parent()?].into_iter().find(|f| f.join("Cargo.lock").is_file())
    });
    if let Some(root) = root {
        // Where that fails, paths are long, and still right.
        let _ = std::env::set_current_dir(root);
    }
}

/// Whether [`TIERS`] asks for one of the task's languages.
fn wanted(task: &Task) -> bool {
    let Ok(list) = std::env::var(TIERS) else { return true };
    let asked =
        |l: Language| list.split(',').any(|n| n.trim().eq_ignore_ascii_case(&l.to_string()));
    task.files.iter().filter_map(|file| Language::of(file)).any(asked)
}

fn fail(text: &str) -> ExitCode {
    eprintln!("error: {text}");
    ExitCode::FAILURE
}

/// Judges every file of a task that was begun. If none was, the first that can run here is judged
/// as it came, so that the reader sees what to make of the messages.
pub fn judge(
    exercise: &'static Exercise,
    task: &'static Task,
    folder: &Path,
    tiers: &[Tier],
) -> Vec<Graded> {
    let answers = task.files.iter().filter_map(|file| Some((Language::of(file)?, file)));
    let rust = task.files.iter().any(|file| Language::of(file) == Some(Language::Rust));
    let barred = if rust { safe::rejected(folder) } else { None };
    let one = |(language, file): (Language, &String)| {
        let path = short(&folder.join(file));
        let text = files::read_text(&path).ok().flatten();
        let fingerprint = text.as_ref().map(|text| progress::fingerprint(&[text]));
        let fingerprint = fingerprint.filter(|_| task.files_in(language).count() == 1);
        let begun = !text.is_some_and(|text| progress::is_stub(task, language, &text));
        let tier = tiers.iter().find(|t| t.language == language);
        let device = match tier.map(|t| &t.here) {
            Some(Here::Runs(label)) => Some(label.clone()),
            _ => None,
        };
        let (mut seconds, mut limits) = (None, None);
        let verdict = match tier.map(|t| &t.here) {
            _ if !begun && std::env::var_os(STUBS).is_none() => None,
            None => Some(Verdict::Skipped { reason: "no such tier".into() }),
            Some(Here::Absent(reason)) => Some(Verdict::Skipped { reason: reason.clone() }),
            Some(_) if language == Language::Rust && barred.is_some() => barred.clone(),
            Some(_) => {
                let mut judged = judged(exercise, task, language, &path);
                if language == Language::Rust {
                    safe::open(folder).into_iter().for_each(|what| judged.limits.lacks(what));
                }
                (seconds, limits) = (judged.seconds, Some(judged.limits.to_string()));
                Some(reached(judged.verdict, device.is_some()))
            }
        };
        let (exercise, task) = (exercise.name.to_string(), task.name.clone());
        let file = path;
        Graded { exercise, task, language, file, device, verdict, seconds, fingerprint, limits }
    };
    answers.map(one).collect()
}

/// A device that opens here and not in a judge needs what a judge gives up.
fn reached(verdict: Verdict, opens_here: bool) -> Verdict {
    match verdict {
        Verdict::Skipped { reason } | Verdict::Compiled { reason } if opens_here => {
            let why = "it opens outside of the judge's limits: for answers that you trust, \
                       STRATA_LIMITS=off judges without them";
            Verdict::Skipped { reason: format!("{}; {why}", reason.trim_end_matches('.')) }
        }
        other => other,
    }
}

/// Judges one file in a process of its own.
fn judged(exercise: &Exercise, task: &Task, language: Language, file: &Path) -> Judged {
    let scratch = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            let verdict = Verdict::rejected("device-error", format!("no room to work: {error}"));
            return Judged { verdict, seconds: None, limits: Limits::default() };
        }
    };
    let job = Job {
        exercise: exercise.name.into(),
        task: task.name.clone(),
        language,
        file: file.to_path_buf(),
        scratch: scratch.path().to_path_buf(),
        timed: language == Language::Rust && std::env::var_os(SPEED).is_some(),
    };
    isolate::judge(&job, &Bounds::from_env())
}

/// Times a task's call, if it has one.
fn time(rust: &[RustTask], job: &Job) -> Option<f64> {
    median(rust.iter().find(|task| task.name == job.task)?.speed?)
}

/// Median seconds of a call: at least seven runs, for about half a second.
fn median(call: fn()) -> Option<f64> {
    call();
    let start = Instant::now();
    let mut times = Vec::new();
    while times.len() < 7 || (start.elapsed() < Duration::from_millis(500) && times.len() < 10_000)
    {
        let begin = Instant::now();
        call();
        times.push(begin.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied()
}

/// A path as one would type it here.
fn short(path: &Path) -> PathBuf {
    let here = std::env::current_dir().ok();
    let relative = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
    relative.unwrap_or_else(|| path.to_path_buf())
}

/// What the last panic said and where, for the report.
static PANIC: Mutex<Option<String>> = Mutex::new(None);

/// Runs a Rust task's judge in this process.
fn run_rust(tasks: &[RustTask], job: &Job) -> Verdict {
    let Some(task) = tasks.iter().find(|task| task.name == job.task) else {
        let text = format!("tests/grade.rs has no judge for {}", job.task);
        return Verdict::rejected("device-error", text);
    };
    std::panic::set_hook(Box::new(|info| {
        let said = info.payload_as_str().unwrap_or("no message").to_string();
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line()));
        let text = format!("{}: panicked: {said}", place.unwrap_or_default());
        *PANIC.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(text);
    }));
    match catch_unwind(task.judge) {
        Ok(Ok(())) => Verdict::Passed { checks: 1 },
        Ok(Err(failure)) => Verdict::Rejected(failure.rejection()),
        Err(panic) => {
            let said = PANIC.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            let text = said.unwrap_or_else(|| Failure::panicked(&*panic).to_string());
            let text = match text.split_once("panicked: not yet implemented") {
                Some((place, todo)) => format!(
                    "{place}not written yet{todo}\n  to do      {}",
                    "open that file and replace the todo!()"
                ),
                None => text,
            };
            Verdict::rejected("panicked", text)
        }
    }
}

/// Remembers what was found; a folder that cannot be written is a pity, not a failure.
fn keep<'a>(folder: &Path, results: impl Iterator<Item = &'a Graded>) {
    let results: Vec<&Graded> = results.collect();
    if let Some(path) = std::env::var_os(RESULTS)
        && let Some(first) = results.first()
    {
        let path = Path::new(&path).join(format!("{}.jsonl", first.exercise));
        let lines = results.iter().filter_map(|g| serde_json::to_string(g).ok());
        let text: String = lines.map(|line| line + "\n").collect();
        if let Err(error) = std::fs::write(&path, text) {
            eprintln!("warning: {}: {error}", path.display());
        }
    }
    // The solutions have tests too; what they show is nobody's progress.
    let home = Home::find(folder).ok().filter(|home| folder.starts_with(&home.root));
    if let Some(home) = home {
        match Progress::record(&home, results) {
            Ok(Progress { warning: Some(text), .. }) => eprintln!("warning: {text}"),
            Ok(_) => {}
            Err(error) => eprintln!("warning: progress is not kept: {error}"),
        }
    }
}
