//! Answers that are out for more than a verdict: they forge, hoard, flood, spy, write, call home and
//! leave children behind. None may pass, and nothing of them may be left when its judge is gone.
//!
//! Every answer is judged in a process of its own, which is this program started again: hence a `main`
//! of its own. A Rust answer here says whether it got what it was out for; its judge takes that for a
//! pass. What this system does not limit is `SKIPPED`.

mod forge;
mod hoard;
mod kernels;
mod places;
mod reach;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use strata_grader::grade::Job;
use strata_grader::isolate::{self, Bounds, Judged, Limits};
use strata_grader::{Language, Verdict};

/// A secret in the environment, which no answer may see.
const TOKEN: (&str, &str) = ("HOSTILE_API_TOKEN", "tok-6e1f0c5d");
/// What the files of others hold.
const PRIVATE: &str = "the neighbour's answer";
/// The argument of programs that are meant to stay.
const STAYS: &str = "86399";

/// A Rust answer: whether it got what it was out for.
type Answer = fn(&Job) -> bool;

/// A hostile answer: its name, which limit stops it (a word of the report's), and which diagnosis
/// it must get; none where any will do.
struct Hostile(&'static str, Option<&'static str>, &'static str, Answer);

/// Stopped by the judge's own making, on every system.
const ALWAYS: Option<&str> = None;
/// Stopped by what this system may not have.
const FILES: Option<&str> = Some("landlock");
const CALLS: Option<&str> = Some("seccomp");
const WATCH: Option<&str> = Some("watched");

fn answers() -> Vec<&'static Hostile> {
    [forge::ALL, hoard::ALL, reach::ALL, places::ALL].into_iter().flatten().collect()
}

fn main() -> ExitCode {
    let find = |job: &Job| answers().into_iter().find(|hostile| hostile.0 == job.task);
    let rust = |job: &Job| match find(job) {
        Some(hostile) if hostile.3(job) => Verdict::Passed { checks: 1 },
        Some(_) => Verdict::rejected("differs", "a wrong answer"),
        // These are right, and turn on whoever times them.
        None => Verdict::Passed { checks: 1 },
    };
    if let Some(code) = isolate::serve_timed(rust, hoard::timed) {
        return code;
    }
    match std::env::var(PART).as_deref() {
        Ok("waits") => return waits(),
        Ok("leaves") => return leaves(),
        _ => {}
    }
    if std::env::var_os(TOKEN.0).is_none() {
        return again();
    }
    Run::default().all()
}

/// This program once more, with a secret in its environment.
fn again() -> ExitCode {
    let program = std::env::current_exe().expect("this program has a path");
    let mut command = Command::new(program);
    let status = command.args(std::env::args().skip(1)).env(TOKEN.0, TOKEN.1).status();
    ExitCode::from(if status.is_ok_and(|status| status.success()) { 0 } else { 1 })
}

/// A part of this test that takes a process of its own.
const PART: &str = "HOSTILE_PART";

fn part(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.env(PART, name).env(TOKEN.0, TOKEN.1);
    command
}

/// Judges an answer that never comes back: somebody is about to end this process.
fn waits() -> ExitCode {
    let bench = Bench::new();
    let job = bench.job("sleeps_for_ever", Language::Rust, bench.path("answer.rs"));
    isolate::judge(&job, &Bounds { time: Duration::from_secs(60), ..bounds() });
    ExitCode::SUCCESS
}

/// Judges answers that leave children, with nothing to hinder them.
fn leaves() -> ExitCode {
    let bench = Bench::new();
    let mut left_behind = None;
    for hostile in answers().into_iter().filter(|hostile| hostile.0.starts_with("leaves_a_")) {
        isolate::judge(&bench.job(hostile.0, Language::Rust, bench.path("answer.rs")), &bounds());
        left_behind = left_behind.or_else(|| left(&bench));
    }
    left_behind.iter().for_each(|text| println!("{text}"));
    ExitCode::from(u8::from(left_behind.is_some()))
}

/// A judge whose parent is killed ends, and so does all it has started.
fn parent_killed(bench: &Bench) -> Option<String> {
    let mut parent = part("waits").spawn().expect("this program starts");
    let start = Instant::now();
    // The parent, a keeper and a judge.
    while alive().len() < 3 && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    let begun = alive().len() >= 3;
    let _ = (parent.kill(), parent.wait());
    if begun { left(bench) } else { Some("no judge was started".into()) }
}

/// Where nothing keeps an answer from starting children, they still end with their judge.
fn children_end(_: &Bench) -> Option<String> {
    let output = part("leaves").env("STRATA_LIMITS", "off").output().expect("this program starts");
    let text = || String::from_utf8_lossy(&output.stdout).into_owned();
    (!output.status.success()).then(text)
}

/// What the answers find around them.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Bench {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("neighbour.rs"), PRIVATE).expect("a file");
        fs::create_dir(folder.path().join("scratch")).expect("a folder");
        Bench { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn job(&self, task: &str, language: Language, file: PathBuf) -> Job {
        let exercise = "ex03-matmul".into();
        Job {
            exercise,
            task: task.into(),
            language,
            file,
            scratch: self.path("scratch"),
            timed: false,
        }
    }

    /// Whether the files of others are as they were.
    fn unharmed(&self) -> bool {
        let text = fs::read_to_string(self.path("neighbour.rs"));
        let about = fs::metadata(self.path("neighbour.rs"));
        text.is_ok_and(|text| text == PRIVATE)
            && about.is_ok_and(|about| !about.permissions().readonly())
    }
}

/// The file of somebody else that an answer finds beside its own folder.
fn neighbour(job: &Job) -> PathBuf {
    job.scratch.parent().unwrap_or(Path::new("/")).join("neighbour.rs")
}

/// Small bounds: nobody waits long for a hostile answer.
fn bounds() -> Bounds {
    Bounds {
        time: Duration::from_millis(1500),
        grace: Duration::from_millis(250),
        memory: 256 << 20,
        output: 8 << 20,
        file: 16 << 20,
        files: 256,
        threads: 256,
    }
}

#[derive(Default)]
struct Run {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Run {
    fn all(mut self) -> ExitCode {
        let filters: Vec<String> =
            std::env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
        let asked =
            |name: &str| filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()));
        let all = answers();
        if std::env::args().any(|arg| arg == "--list") {
            all.iter().for_each(|hostile| println!("{}: test", hostile.0));
            kernels::ALL.iter().for_each(|(name, ..)| println!("{name}: test"));
            return ExitCode::SUCCESS;
        }
        let bench = Bench::new();
        let limits = limits(&bench);
        println!("limits  {limits}\n");
        for hostile in all.into_iter().filter(|hostile| asked(hostile.0)) {
            let Hostile(name, needs, diagnosis, _) = hostile;
            if let Some(what) = needs.filter(|w| !limits.held.iter().any(|held| held.contains(w))) {
                self.skip(name, &format!("{what} is not here"));
                continue;
            }
            let job = bench.job(name, Language::Rust, bench.path("answer.rs"));
            let start = Instant::now();
            // Who does not wait for the limit must come to his end before it, also on a slow machine.
            let waits = diagnosis.is_empty() || *diagnosis == "time-limit";
            let time = if waits { bounds().time } else { Duration::from_secs(20) };
            let judged = isolate::judge(&job, &Bounds { time, ..bounds() });
            self.tell(name, wrong(&judged, diagnosis).or_else(|| left(&bench)), start);
        }
        for name in hoard::TIMED.iter().filter(|name| asked(name)) {
            let job = bench.job(name, Language::Rust, bench.path("answer.rs"));
            let start = Instant::now();
            let judged = isolate::judge(&Job { timed: true, ..job }, &bounds());
            let amiss = match judged {
                Judged { verdict: Verdict::Passed { .. }, seconds: None, .. } => None,
                // Who breaks a bound while he is timed does not pass.
                Judged { verdict: Verdict::Rejected(_), seconds: None, .. } => None,
                other => Some(format!("{other:?}")),
            };
            self.tell(name, amiss.or_else(|| left(&bench)), start);
        }
        let own: [(&str, kernels::Test); 2] = [
            ("a_parent_that_is_killed_leaves_no_judge", parent_killed),
            ("children_end_with_their_judge", children_end),
        ];
        for (name, test) in own.into_iter().filter(|(name, _)| asked(name)) {
            if !cfg!(target_os = "linux") {
                self.skip(name, "processes are counted on Linux only");
                continue;
            }
            let start = Instant::now();
            self.tell(name, test(&bench), start);
        }
        let tiers = strata_grader::tiers::tiers();
        for (name, needs, test) in kernels::ALL.iter().filter(|(name, ..)| asked(name)) {
            if let Some(reason) = needs.lacking(&tiers) {
                self.skip(name, &reason);
                continue;
            }
            let start = Instant::now();
            self.tell(name, test(&bench).or_else(|| left(&bench)), start);
        }
        let word = if self.failed == 0 { "ok" } else { "FAILED" };
        let Run { passed, failed, skipped } = self;
        println!("\ntest result: {word}. {passed} passed; {failed} failed; {skipped} ignored\n");
        ExitCode::from(u8::from(failed > 0))
    }

    fn skip(&mut self, name: &str, reason: &str) {
        println!("SKIPPED: {name}: {reason}");
        self.skipped += 1;
    }

    fn tell(&mut self, name: &str, amiss: Option<String>, start: Instant) {
        let took = start.elapsed().as_secs_f64();
        match amiss {
            None => {
                println!("test {name} ... ok ({took:.2} s)");
                self.passed += 1;
            }
            Some(text) => {
                println!("test {name} ... FAILED ({took:.2} s)\n    {text}");
                self.failed += 1;
            }
        }
    }
}

/// What this system holds a judge to.
fn limits(bench: &Bench) -> Limits {
    let job = bench.job("exits", Language::Rust, bench.path("answer.rs"));
    isolate::judge(&job, &bounds()).limits
}

/// What is wrong with a verdict on a hostile answer.
fn wrong(judged: &Judged, diagnosis: &str) -> Option<String> {
    match &judged.verdict {
        Verdict::Rejected(r) if r.text.contains('\u{1b}') => Some("a raw escape is shown".into()),
        Verdict::Rejected(r) if r.text.len() > 100_000 => Some("the report is too long".into()),
        Verdict::Rejected(r) if diagnosis.is_empty() || diagnosis.contains(&r.diagnoses[0]) => None,
        other => Some(format!("not {diagnosis:?}: {other:?}")),
    }
}

/// What is left of an answer once its judge is gone.
fn left(bench: &Bench) -> Option<String> {
    if !bench.unharmed() {
        return Some("the neighbour's file is not as it was".into());
    }
    let start = Instant::now();
    loop {
        let list = alive();
        if list.is_empty() || start.elapsed() > Duration::from_millis(500) {
            // What one left is not the fault of the next.
            for id in list.iter().filter_map(|process| process.split(' ').next()) {
                let _ = Command::new("kill").args(["-9", id]).status();
            }
            return list.first().map(|process| format!("left behind: {process}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The processes of answers: those of this program but for itself, and those that were meant to stay.
#[cfg(target_os = "linux")]
fn alive() -> Vec<String> {
    let own = fs::read_link("/proc/self/exe").ok();
    let before = ancestors();
    let mut list = Vec::new();
    for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = process.file_name().to_str().and_then(|n| n.parse::<u32>().ok()) else {
            continue;
        };
        let command = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
        // Who hides his memory hides his program too, but not what he was called by.
        let called = own.as_ref().and_then(|own| own.to_str());
        let ours = called.is_some_and(|own| command.split('\0').next() == Some(own))
            || own.is_some() && fs::read_link(process.path().join("exe")).ok() == own;
        if (ours || command.contains(STAYS)) && !before.contains(&id) {
            list.push(format!("{id} {}", command.replace('\0', " ")));
        }
    }
    list
}

/// This process and those it comes from.
#[cfg(target_os = "linux")]
fn ancestors() -> Vec<u32> {
    let parent = |id: u32| -> Option<u32> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
    };
    std::iter::successors(Some(std::process::id()), |&id| parent(id)).collect()
}

#[cfg(not(target_os = "linux"))]
fn alive() -> Vec<String> {
    Vec::new()
}
