//! The proof of the judges: every solution passes, every stub and every wrong answer is rejected,
//! and for the right reason.

use crate::catalog::{self, Exercise, Kind, Task};
use crate::grade::Job;
use crate::graded::Graded;
use crate::harness::{RESULTS, STUBS, TIERS};
use crate::home::Home;
use crate::tiers::{Here, Tier};
use crate::wrong::{Wrong, wrongs};
use crate::{Error, Language, Result, Verdict, isolate, stub};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Which exercises and tasks are proven; all, where nothing is named.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// An exercise.
    pub exercise: Option<&'static str>,
    /// A task's name.
    pub task: Option<String>,
}

impl Filter {
    fn takes(&self, task: &Task) -> bool {
        self.exercise.is_none_or(|name| name == task.exercise)
            && self.task.as_ref().is_none_or(|name| *name == task.name)
    }

    fn tasks(&self, kind: Kind) -> Result<Vec<(&'static Exercise, &'static Task)>> {
        let all = catalog::catalog()?.iter().flat_map(|e| e.tasks.iter().map(move |t| (e, t)));
        Ok(all.filter(|(_, task)| task.kind == kind && self.takes(task)).collect())
    }
}

/// An answer whose verdict is known beforehand.
#[derive(Clone, Debug)]
enum Answer {
    Solution,
    Stub,
    Wrong(Wrong),
}

impl Answer {
    fn name(&self) -> String {
        match self {
            Answer::Solution => "solution".into(),
            Answer::Stub => "stub".into(),
            Answer::Wrong(wrong) => format!("wrong/{}", wrong.name),
        }
    }

    /// The text of one of the task's files; `None` where this answer says nothing of it.
    fn text(&self, task: &Task, file: &str) -> Result<Option<String>> {
        let solution =
            catalog::solution_file(&task.exercise, file).ok_or_else(|| missing(task, file))?;
        let path = format!("solutions/{}/{file}", task.exercise);
        Ok(match self {
            Answer::Solution => Some(stub::clean(&path, solution)?),
            Answer::Stub => Some(stub::stub(&path, solution)?),
            Answer::Wrong(wrong) => match wrong.apply(file, solution)? {
                Some(text) => Some(stub::clean(&path, &text)?),
                None => None,
            },
        })
    }

    /// What is amiss with the verdict, if anything is.
    fn judge(&self, verdict: &Verdict) -> Option<String> {
        match (self, verdict) {
            (_, Verdict::Skipped { reason }) => Some(format!("was not judged: {reason}")),
            (Answer::Solution, Verdict::Rejected(r)) => Some(format!("was rejected:\n{}", r.text)),
            (Answer::Stub, Verdict::Passed { .. }) => Some("passes as it came".into()),
            (Answer::Stub, Verdict::Rejected(r))
                if r.diagnoses.iter().any(|d| UNFIT.contains(&d.as_str())) =>
            {
                Some(format!("should be wrong, not broken:\n{}", r.text))
            }
            (Answer::Wrong(_), Verdict::Passed { .. }) => Some("was taken for right".into()),
            (Answer::Wrong(wrong), Verdict::Rejected(r)) => {
                let named = r.diagnoses.iter().any(|d| wrong.expects(d));
                let (want, got) = (wrong.diagnosis.join(" or "), r.diagnoses.join(", "));
                (!named).then(|| format!("should be called {want}, not {got}:\n{}", r.text))
            }
            _ => None,
        }
    }
}

fn missing(task: &Task, file: &str) -> Error {
    let reason = format!("exercise.toml names it for {}, and it is not there", task.name);
    Error::catalog(&format!("{}/{file}", task.exercise), reason)
}

/// Verdicts that no stub should have.
const UNFIT: [&str; 4] = ["does-not-compile", "contract-broken", "device-error", "time-limit"];

/// One line of the proof.
#[derive(Clone, Debug)]
pub struct Line {
    /// `ex03-matmul tiled WGSL wrong/no_barrier`.
    pub what: String,
    /// The verdict in a word or two.
    pub verdict: String,
    /// What is amiss.
    pub amiss: Option<String>,
}

fn line(task: &Task, language: Language, answer: &Answer, verdict: &Verdict) -> Line {
    let what = format!("{} {} {language} {}", task.exercise, task.name, answer.name());
    let word = match verdict {
        Verdict::Passed { checks } => format!("passes ({checks})"),
        Verdict::Compiled { .. } => "compiles".into(),
        Verdict::Rejected(r) => r.diagnoses.join(", "),
        Verdict::Skipped { reason } => reason.clone(),
    };
    Line { what, verdict: word, amiss: answer.judge(verdict) }
}

fn answers(task: &Task) -> Result<Vec<Answer>> {
    let mut list = vec![Answer::Solution, Answer::Stub];
    list.extend(wrongs(task)?.into_iter().map(Answer::Wrong));
    Ok(list)
}

/// Proves the judges of kernel tasks on every tier that can at least compile. Needs no clone and no
/// Rust: it works in the bundle too.
///
/// # Errors
/// A malformed exercise, or no folder to work in.
pub fn kernels(
    filter: &Filter,
    tiers: &[Tier],
    tell: &(dyn Fn(&Line) + Sync),
) -> Result<Vec<Line>> {
    let mut jobs: Vec<(&'static Task, Language, String, Answer)> = Vec::new();
    for (_, task) in filter.tasks(Kind::Kernel)? {
        for answer in answers(task)? {
            for tier in tiers.iter().filter(|t| !matches!(t.here, Here::Absent(_))) {
                if let Some(file) = task.files_in(tier.language).next() {
                    jobs.push((task, tier.language, file.into(), answer.clone()));
                }
            }
        }
    }
    let next = AtomicUsize::new(0);
    let lines: Mutex<Vec<(usize, Line)>> = Mutex::default();
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((task, language, file, answer)) = jobs.get(at) else { break };
            let proven = kernel(task, *language, file, answer).unwrap_or_else(|error| Line {
                what: format!("{} {} {language} {}", task.exercise, task.name, answer.name()),
                verdict: "cannot be made".into(),
                amiss: Some(error.to_string()),
            });
            tell(&proven);
            lines.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((at, proven));
        }
    };
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(work);
        }
    });
    let mut lines = lines.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    lines.sort_by_key(|(at, _)| *at);
    Ok(lines.into_iter().map(|(_, line)| line).collect())
}

fn kernel(task: &Task, language: Language, file: &str, answer: &Answer) -> Result<Line> {
    let Some(text) = answer.text(task, file)? else {
        let verdict = Verdict::Skipped { reason: format!("no edit of {file}") };
        return Ok(line(task, language, answer, &verdict));
    };
    let folder = tempfile::tempdir().map_err(|e| Error::io("make", &std::env::temp_dir(), e))?;
    let name = Path::new(file).file_name().unwrap_or_default();
    let path = folder.path().join(name);
    fs::write(&path, text).map_err(|e| Error::io("write", &path, e))?;
    let scratch = folder.path().join("scratch");
    fs::create_dir(&scratch).map_err(|e| Error::io("make", &scratch, e))?;
    let (exercise, name) = (task.exercise.clone(), task.name.clone());
    let verdict = isolate::grade(&Job {
        exercise: exercise.to_string(),
        task: name,
        language,
        file: path,
        scratch,
        timed: false,
    });
    Ok(line(task, language, answer, &verdict))
}

/// Proves the judges of Rust tasks: in a workspace such as a reader makes, with stubs, solutions and
/// wrong answers in turn, through `cargo test`.
///
/// # Errors
/// A malformed exercise, or a workspace that cannot be made.
pub fn rust(filter: &Filter, clone: &Path, tell: &(dyn Fn(&Line) + Sync)) -> Result<Vec<Line>> {
    let tasks = filter.tasks(Kind::Rust)?;
    let mut plans = Vec::new();
    for (exercise, task) in &tasks {
        plans.push((*exercise, *task, answers(task)?));
    }
    let folder = tempfile::tempdir().map_err(|e| Error::io("make", &std::env::temp_dir(), e))?;
    let root = folder.path().join("exercises");
    Home::init(&root, clone)?;
    let rounds = plans.iter().map(|(_, _, answers)| answers.len()).max().unwrap_or(0);
    let mut lines = Vec::new();
    for round in 0..rounds {
        let mut packages: Vec<&str> = Vec::new();
        for (exercise, task, answers) in &plans {
            // A task with fewer answers shows its solution again: nothing is said of it then.
            let answer = answers.get(round).unwrap_or(&Answer::Solution);
            for file in &task.files {
                let text = answer.text(task, file)?;
                let text = text.or(Answer::Solution.text(task, file)?).unwrap_or_default();
                let path = root.join(exercise.name).join(file);
                fs::write(&path, text).map_err(|e| Error::io("write", &path, e))?;
            }
            if answers.get(round).is_some() && !packages.contains(&exercise.name) {
                packages.push(exercise.name);
            }
        }
        let found = cargo_test(&root, folder.path(), &packages)?;
        for (_, task, answers) in &plans {
            let Some(answer) = answers.get(round) else { continue };
            let mine = |g: &&Graded| g.exercise == task.exercise && g.task == task.name;
            let verdict = match found.iter().find(mine) {
                Some(Graded { verdict: Some(verdict), .. }) => verdict.clone(),
                _ => Verdict::rejected("does-not-compile", "its tests did not come to it"),
            };
            let line = line(task, Language::Rust, answer, &verdict);
            tell(&line);
            lines.push(line);
        }
    }
    lines.sort_by(|a, b| a.what.cmp(&b.what));
    Ok(lines)
}

/// Runs the tests of some exercises; what came of each answer. An answer that does not compile has
/// no line, and the answers beside it neither.
fn cargo_test(root: &Path, folder: &Path, packages: &[&str]) -> Result<Vec<Graded>> {
    let results = folder.join("results");
    let _ = fs::remove_dir_all(&results);
    fs::create_dir_all(&results).map_err(|e| Error::io("make", &results, e))?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root).args(["test", "--quiet", "--no-fail-fast", "--test", "grade"]);
    command.args(packages.iter().flat_map(|p| ["-p", p]));
    command.env(RESULTS, &results).env(TIERS, "rust").env(STUBS, "1");
    let output = command.output().map_err(|e| Error::io("start", Path::new("cargo"), e))?;
    let mut list = Vec::new();
    let files = fs::read_dir(&results).map_err(|e| Error::io("read", &results, e))?;
    for file in files.flatten() {
        let text = fs::read_to_string(file.path()).unwrap_or_default();
        list.extend(text.lines().filter_map(|line| serde_json::from_str(line).ok()));
    }
    if list.is_empty() {
        let log = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = log.lines().rev().take(30).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        return Err(Error::Cargo { log: tail.join("\n") });
    }
    Ok(list)
}
