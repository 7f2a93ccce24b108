//! The `main` of an exercise's tests: `cargo test -p ex03-matmul`, with a task's name as filter.
//!
//! It reads like the test runner that Rust readers know, but judges each answer in a process of its
//! own, on every tier this machine has, and says what to do next.

use crate::catalog::{self, Exercise, Kind, Task};
use crate::grade::{Job, panicked};
use crate::home::Home;
use crate::progress::{self, Progress};
use crate::tiers::{Here, Tier, announce, tiers};
use crate::{Language, Outcome, Rejection, Verdict, isolate};
use serde::{Deserialize, Serialize};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// A Rust task's judge, with the reader's functions in it.
pub struct RustTask {
    name: &'static str,
    judge: fn() -> Outcome,
    speed: Option<fn()>,
}

/// A Rust task: its name, and its judge called with the reader's functions.
pub const fn rust(name: &'static str, judge: fn() -> Outcome) -> RustTask {
    RustTask { name, judge, speed: None }
}

impl RustTask {
    /// With a call worth timing: `strata diff` sets yours beside ours.
    pub const fn timed(mut self, call: fn()) -> Self {
        self.speed = Some(call);
        self
    }
}

/// What came of one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Graded {
    /// The exercise.
    pub exercise: String,
    /// The task.
    pub task: String,
    /// The language.
    pub language: Language,
    /// The file, relative to where the command runs where it lies below.
    pub file: PathBuf,
    /// The device's name, where one was used.
    pub device: Option<String>,
    /// `None`: the file is still as it came.
    pub verdict: Option<Verdict>,
    /// Median seconds of the task's timed call, where it was asked for.
    #[serde(default)]
    pub seconds: Option<f64>,
    /// The text that was judged, as [`progress::fingerprint`] tells it: the file may have been saved
    /// again since.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

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
    if let Some(code) = isolate::serve(|job| run_rust(rust, job)) {
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
        let mut list = judge(exercise, task, &folder, &tiers);
        time(rust, &mut list);
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

/// The arguments that cargo's readers and tools pass to a test program; what makes no difference
/// here is taken and ignored.
#[derive(Debug, Default, PartialEq)]
struct Options {
    filters: Vec<String>,
    skip: Vec<String>,
    exact: bool,
    list: bool,
}

impl Options {
    fn parse(args: impl Iterator<Item = String>) -> Self {
        let mut options = Options::default();
        let mut args = args.peekable();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--exact" => options.exact = true,
                "--list" => options.list = true,
                "--skip" => options.skip.extend(args.next()),
                "--test-threads" | "--format" | "--color" | "--logfile" | "-Z" => {
                    args.next();
                }
                flag if flag.starts_with('-') => {}
                name => options.filters.push(name.into()),
            }
        }
        options
    }

    fn takes(&self, name: &str) -> bool {
        let fits = |f: &String| if self.exact { name == f } else { name.contains(f.as_str()) };
        (self.filters.is_empty() || self.filters.iter().any(fits)) && !self.skip.iter().any(fits)
    }
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
    let one = |(language, file): (Language, &String)| {
        let path = short(&folder.join(file));
        let text = std::fs::read_to_string(&path);
        let fingerprint = text.as_ref().ok().map(|text| progress::fingerprint(&[text]));
        let fingerprint = fingerprint.filter(|_| task.files_in(language).count() == 1);
        let begun = !text.is_ok_and(|text| progress::is_stub(task, language, &text));
        let tier = tiers.iter().find(|t| t.language == language);
        let device = match tier.map(|t| &t.here) {
            Some(Here::Runs(label)) => Some(label.clone()),
            _ => None,
        };
        let verdict = match tier.map(|t| &t.here) {
            _ if !begun && std::env::var_os(STUBS).is_none() => None,
            None => Some(Verdict::Skipped { reason: "no such tier".into() }),
            Some(Here::Absent(reason)) => Some(Verdict::Skipped { reason: reason.clone() }),
            Some(_) => Some(judged(exercise, task, language, &path)),
        };
        let (exercise, task) = (exercise.name.to_string(), task.name.clone());
        Graded { exercise, task, language, file: path, device, verdict, seconds: None, fingerprint }
    };
    answers.map(one).collect()
}

/// Judges one file in a process of its own.
pub fn judged(exercise: &Exercise, task: &Task, language: Language, file: &Path) -> Verdict {
    let scratch = match tempfile::tempdir() {
        Ok(folder) => folder,
        Err(error) => {
            return Verdict::rejected("device-error", format!("no room to work: {error}"));
        }
    };
    isolate::grade(&Job {
        exercise: exercise.name.into(),
        task: task.name.clone(),
        language,
        file: file.to_path_buf(),
        scratch: scratch.path().to_path_buf(),
    })
}

/// Times the calls of tasks that pass, where that is asked for.
fn time(rust: &[RustTask], list: &mut [Graded]) {
    if std::env::var_os(SPEED).is_none() {
        return;
    }
    for graded in list.iter_mut().filter(|g| g.language == Language::Rust) {
        let call = rust.iter().find(|task| task.name == graded.task).and_then(|task| task.speed);
        if let Some(call) = call
            && graded.verdict.as_ref().is_some_and(Verdict::passed)
        {
            graded.seconds = Some(median(call));
        }
    }
}

/// Median seconds of a call: at least seven runs, for about half a second.
fn median(call: fn()) -> f64 {
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
    times[times.len() / 2]
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
            let text = said.unwrap_or_else(|| panicked(&*panic).to_string());
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

/// A task is solved if an answer passes and none is wrong.
pub fn solved(list: &[Graded]) -> bool {
    let verdicts = || list.iter().filter_map(|g| g.verdict.as_ref());
    verdicts().any(Verdict::passed) && !verdicts().any(|v| matches!(v, Verdict::Rejected(_)))
}

/// A task is neither solved nor failed if its answer cannot be run here.
fn undecided(list: &[Graded]) -> bool {
    let mut verdicts = list.iter().filter_map(|g| g.verdict.as_ref()).peekable();
    verdicts.peek().is_some()
        && verdicts.all(|v| matches!(v, Verdict::Compiled { .. } | Verdict::Skipped { .. }))
}

/// `ok (WGSL on llvmpipe; CUDA not begun)`
fn line(list: &[Graded]) -> String {
    let word = if solved(list) {
        "ok"
    } else if undecided(list) {
        "ignored"
    } else {
        "FAILED"
    };
    let part = |g: &Graded| {
        let language = g.language;
        match (&g.verdict, &g.device) {
            (None, _) => format!("{language} not begun"),
            (Some(Verdict::Passed { checks }), Some(device)) if language != Language::Rust => {
                format!("{language} right in {checks} questions on {device}")
            }
            (Some(Verdict::Passed { .. }), _) => format!("{language} right"),
            (Some(Verdict::Compiled { .. }), _) => {
                format!("{language} compiles, cannot be run here")
            }
            (Some(Verdict::Skipped { .. }), _) => format!("{language} cannot be judged here"),
            (Some(Verdict::Rejected(r)), _) => {
                let name = r.diagnoses.first().map_or("wrong", String::as_str);
                format!("{language} wrong: {name}")
            }
        }
    };
    let parts: Vec<String> = list.iter().map(part).collect();
    format!("{word}   ({})", parts.join("; "))
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

fn report(exercise: &Exercise, results: &[(&'static Task, Vec<Graded>)]) -> ExitCode {
    let number = &exercise.name[..4];
    let failed: Vec<_> =
        results.iter().filter(|(_, list)| !solved(list) && !undecided(list)).collect();
    if !failed.is_empty() {
        println!("\nfailures:");
    }
    for (task, list) in &failed {
        println!("\n---- {} ----", task.name);
        let begun: Vec<&Graded> = list.iter().filter(|g| g.verdict.is_some()).collect();
        for graded in &begun {
            if let Some(Verdict::Rejected(Rejection { text, .. })) = &graded.verdict {
                println!("{}", text.trim_end());
                println!("  your file  {}", graded.file.display());
            }
        }
        if begun.is_empty() {
            not_begun(task, list);
        }
        println!("  hint       cargo strata hint {number} {}", task.name);
        println!("  again      cargo test -p {} {}", exercise.name, task.name);
    }
    let passed = results.iter().filter(|(_, list)| solved(list)).count();
    let ignored = results.iter().filter(|(_, list)| undecided(list)).count();
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {} failed; {ignored} ignored\n",
        failed.len()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A text in lines of at most 92 characters.
pub fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + word.chars().count() >= 92 {
            lines.push(word.into());
        } else {
            let line = &mut lines[last];
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

/// What to do with a task that nobody has begun.
fn not_begun(task: &Task, list: &[Graded]) {
    println!("{}", task.title);
    wrapped(&task.goal).iter().for_each(|line| println!("  {line}"));
    let files: Vec<String> = list.iter().map(|g| g.file.display().to_string()).collect();
    let what = match (task.bug, task.kind) {
        (true, _) => "find the bug in",
        (false, Kind::Kernel) => "fill the TODO in one of",
        (false, Kind::Rust) => "fill the TODO in",
    };
    println!("  to do      {what} {}", files.join("\n             "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_of_cargo_test_are_understood() {
        let parse = |text: &str| Options::parse(text.split_whitespace().map(String::from));
        let options = parse("tiled --nocapture --test-threads 1 --format terse --exact");
        assert_eq!(options.filters, ["tiled"]);
        assert!(options.takes("tiled") && !options.takes("tiled_backward"));
        assert!(parse("til").takes("tiled") && parse("").takes("tiled"));
        assert!(!parse("--skip tiled").takes("tiled"));
        assert!(parse("--list --format terse").list);
    }
}
