//! Shares out the time among the targets, starts workers, and keeps what they find.

mod process;
mod typescript;

use crate::finding::Finding;
use crate::scratch::temporary;
use crate::worker::{self, FINDINGS};
use crate::{Kind, Target, guided};
use process::{Ended, Worker};
pub(crate) use process::{attend, tail};
use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// What is to be done.
#[derive(Clone)]
pub struct Plan {
    /// Seconds for all of it.
    pub seconds: u64,
    /// Where random numbers come from.
    pub seed: u64,
    /// Processes at a time.
    pub jobs: usize,
    /// What is tried.
    pub targets: Vec<Target>,
    /// The fuzzer that coverage guides, if it was built.
    pub guided: Option<PathBuf>,
    /// Whether the TypeScript package is tried, too.
    pub typescript: bool,
    /// The folder for findings and for what coverage has led to.
    pub out: PathBuf,
}

/// How it went with one target.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The target, and how it was tried.
    pub name: String,
    /// Inputs that were tried.
    pub inputs: u64,
    /// Seconds that took.
    pub seconds: f64,
    /// The slowest input's number and its seconds of work, where it took long.
    pub slowest: Option<(u64, f64)>,
    /// Places of the code that were reached, of those there are.
    pub coverage: Option<(u64, u64)>,
    /// What does harm, one example of each.
    pub findings: Vec<Finding>,
    /// What did harm once and not again.
    pub once: Vec<Finding>,
    /// Why it was not tried.
    pub skipped: Option<String>,
}

/// Findings of one fault that are tried again.
const AGAIN: u32 = 2;
/// A target that ends more workers than this is put aside: what it has found comes first.
const DEATHS: u32 = 60;

#[derive(Clone)]
enum Job {
    Plain(Target),
    Guided(Target, PathBuf),
    TypeScript,
}

impl Job {
    fn share(&self) -> u32 {
        match self {
            Job::Plain(target) => target.share,
            // Coverage needs time before it leads anywhere.
            Job::Guided(target, _) => 2 * target.share,
            Job::TypeScript => 4,
        }
    }
}

/// Does the plan; `say` hears of each target as it is done.
pub fn run(plan: &Plan, say: impl Fn(&Row) + Sync) -> Vec<Row> {
    let mut jobs: VecDeque<Job> = VecDeque::new();
    let (mut rows, mut ready) = (Vec::new(), Vec::new());
    for target in &plan.targets {
        match (target.lacks)() {
            None => ready.push(*target),
            Some(why) => {
                let row = Row { name: target.name.into(), skipped: Some(why), ..Row::default() };
                say(&row);
                rows.push(row);
            }
        }
    }
    jobs.extend(ready.iter().map(|target| Job::Plain(*target)));
    if let Some(program) = &plan.guided {
        let inside = ready.iter().filter(|target| target.kind == Kind::Inside);
        jobs.extend(inside.map(|target| Job::Guided(*target, program.clone())));
    }
    if plan.typescript {
        jobs.push_front(Job::TypeScript);
    }
    let shares: u32 = jobs.iter().map(Job::share).sum();
    let total = plan.seconds as f64 * plan.jobs as f64 / f64::from(shares.max(1));
    let (jobs, rows) = (Mutex::new(jobs), Mutex::new(rows));
    thread::scope(|scope| {
        for _ in 0..plan.jobs {
            scope.spawn(|| {
                loop {
                    let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                    let Some(job) = job else { break };
                    let row =
                        one(plan, &job, Duration::from_secs_f64(total * f64::from(job.share())));
                    say(&row);
                    rows.lock().unwrap_or_else(PoisonError::into_inner).push(row);
                }
            });
        }
    });
    rows.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn one(plan: &Plan, job: &Job, time: Duration) -> Row {
    let done = match job {
        Job::Plain(target) => plain(plan, target, time),
        Job::Guided(target, program) => guided::run(plan, target, program, time),
        Job::TypeScript => typescript::run(plan, time),
    };
    done.unwrap_or_else(|error| {
        let name = match job {
            Job::Plain(target) | Job::Guided(target, _) => target.name,
            Job::TypeScript => typescript::NAME,
        };
        Row {
            name: name.into(),
            skipped: Some(format!("it could not be tried: {error}")),
            ..Row::default()
        }
    })
}

fn plain(plan: &Plan, target: &Target, time: Duration) -> io::Result<Row> {
    let folder = temporary()?;
    let start = Instant::now();
    let (mut first, mut dead, mut deaths) = (0, Vec::new(), 0);
    loop {
        let left = time.saturating_sub(start.elapsed());
        let worker = Worker { target, folder: folder.path(), seed: plan.seed, first, time: left };
        let ended = worker.run(&[])?;
        let Some((number, input)) = worker::current(folder.path()) else {
            return Err(io::Error::other(format!(
                "its worker did not begin: {}",
                ended.said.trim()
            )));
        };
        first = number + 1;
        if ended.well {
            break;
        }
        dead.push(Finding::of_dead(target.name, &ended.said, &ended.how, input));
        deaths += 1;
        if start.elapsed() >= time || deaths > DEATHS {
            break;
        }
    }
    let mut row = Row {
        name: target.name.into(),
        inputs: first,
        seconds: start.elapsed().as_secs_f64(),
        slowest: worker::slowest(folder.path()),
        ..Row::default()
    };
    dead.extend(Finding::kept(&folder.path().join(FINDINGS)));
    sift(plan, dead, &mut row, |path| again(target, path))?;
    Ok(row)
}

/// Tries findings again, one of each fault, and keeps those that do harm again.
pub(crate) fn sift(
    plan: &Plan,
    found: Vec<Finding>,
    row: &mut Row,
    again: impl Fn(&Path) -> io::Result<Vec<Finding>>,
) -> io::Result<()> {
    let mut tried: BTreeMap<String, u32> = BTreeMap::new();
    let mut known: Vec<String> = Vec::new();
    for finding in found {
        let (signature, folder) = (finding.signature(), temporary()?);
        let times = tried.entry(signature.clone()).or_default();
        if known.contains(&signature) || *times >= AGAIN {
            continue;
        }
        *times += 1;
        let path = finding.keep(folder.path())?;
        match again(&path)?.into_iter().next() {
            Some(same) => {
                known.extend([signature, same.signature()]);
                same.keep(&plan.out.join(FINDINGS))?;
                row.findings.push(same);
            }
            None => row.once.push(finding),
        }
    }
    Ok(())
}

/// Tries one input in a fresh process.
///
/// # Errors
/// No process can be started.
pub fn again(target: &Target, input: &Path) -> io::Result<Vec<Finding>> {
    Ok(replay(target, &[input.to_path_buf()])?.1)
}

/// Tries these inputs, once each; returns how many there were, and what does harm.
///
/// # Errors
/// No process can be started, or an input cannot be read.
pub fn replay(target: &Target, inputs: &[PathBuf]) -> io::Result<(usize, Vec<Finding>)> {
    let folder = temporary()?;
    let (mut first, mut found) = (0, Vec::new());
    while first < inputs.len() as u64 {
        // An old number must not be taken for where the next worker was.
        let _ = fs::remove_file(folder.path().join(worker::CURRENT));
        let time = Duration::from_secs(3600);
        let worker = Worker { target, folder: folder.path(), seed: 0, first, time };
        let Ended { well, said, how } = worker.run(inputs)?;
        let Some((number, input)) = worker::current(folder.path()) else {
            return Err(io::Error::other(format!("the worker did not begin: {}", said.trim())));
        };
        first = number + 1;
        if !well {
            found.push(Finding::of_dead(target.name, &said, &how, input));
        }
    }
    found.extend(Finding::kept(&folder.path().join(FINDINGS)));
    Ok((inputs.len(), found))
}
