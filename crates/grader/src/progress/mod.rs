//! What was solved: a small file in the reader's folder. Results count for the text and the grader
//! they were found with, and for no other.

use crate::catalog::{self, Task};
use crate::graded::Graded;
use crate::home::Home;
use crate::{Error, Language, Result, Verdict, files, given};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The folder of what Strata remembers, below the exercises.
pub const FOLDER: &str = ".strata";

const FILE: &str = "progress.json";
const FORMAT: u32 = 1;

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// As it came.
    Untouched,
    /// Begun, never judged.
    Edited,
    /// Right.
    Passed,
    /// Wrong.
    Failed,
    /// Judged once, but the answer or its judge has changed since.
    Stale,
}

/// What was found of one answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The hash of the answer, see [`fingerprint`].
    pub file: String,
    /// The hash of what it was judged by.
    pub grader: String,
    /// When, in seconds since 1970.
    pub when: u64,
    /// On which device, where one was used.
    pub device: Option<String>,
    /// Whether it is right.
    pub passed: bool,
    /// Whether this answer or an earlier one was right.
    #[serde(default)]
    pub once: bool,
}

/// Everything that was found in a folder of exercises.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Progress {
    entries: BTreeMap<String, Entry>,
    /// What the reader should know: the file could not be read, say.
    pub warning: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    format: u32,
    results: BTreeMap<String, Entry>,
}

impl Progress {
    /// Reads what was found so far. A file that makes no sense is put aside, with a warning.
    pub fn load(home: &Home) -> Progress {
        let path = path(home);
        match read(&path) {
            Ok(entries) => Progress { entries, warning: None },
            // Another process may be mending it: what to do is decided with the lock in hand.
            Err(reason) => match lock(home) {
                Ok(_lock) => read_or_put_aside(&path),
                Err(_) => {
                    Progress { warning: Some(warning(&path, &reason)), ..Progress::default() }
                }
            },
        }
    }

    /// Adds what a run of the graders found, and returns everything. Several processes may do so at
    /// once; an answer that could not be run here changes nothing.
    ///
    /// # Errors
    /// The folder cannot be written, or an answer cannot be read.
    pub fn record<'a>(
        home: &Home,
        results: impl IntoIterator<Item = &'a Graded>,
    ) -> Result<Progress> {
        let mut found: BTreeMap<String, Entry> = BTreeMap::new();
        for graded in results {
            let passed = match &graded.verdict {
                Some(Verdict::Passed { .. }) => true,
                Some(Verdict::Rejected(_)) => false,
                _ => continue,
            };
            let task = catalog::task(&graded.exercise, &graded.task)?;
            let file = match &graded.fingerprint {
                Some(judged) => Some(judged.clone()),
                None => match current(home, task, graded.language) {
                    // What is no file at all has no text to remember.
                    Err(Error::Unfit(_)) => None,
                    file => file?,
                },
            };
            let Some(file) = file else { continue };
            let device = graded.device.clone();
            let entry =
                Entry { file, grader: grader(task)?, when: now(), device, passed, once: passed };
            // An answer of several files is right if all of them are.
            let both = found.entry(key(task, graded.language)).or_insert_with(|| entry.clone());
            both.passed &= entry.passed;
        }
        merge(home, found)
    }

    /// How far an answer with this [`fingerprint`] is.
    ///
    /// # Errors
    /// The task's solution is malformed.
    pub fn status(&self, task: &Task, language: Language, current: &str) -> Result<Status> {
        if fingerprint(&stubs(task, language)?) == current {
            return Ok(Status::Untouched);
        }
        Ok(match self.entries.get(&key(task, language)) {
            None => Status::Edited,
            Some(e) if e.file != current || e.grader != grader(task)? => Status::Stale,
            Some(e) if e.passed => Status::Passed,
            Some(_) => Status::Failed,
        })
    }

    /// How far the reader's answer is, as it lies in the folder now. One that is gone was edited.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn look(&self, home: &Home, task: &Task, language: Language) -> Result<Status> {
        self.status(task, language, &current(home, task, language)?.unwrap_or_default())
    }

    /// Whether the reader has solved it once, with whatever text and judge.
    pub fn ever_passed(&self, task: &Task, language: Language) -> bool {
        self.entry(task, language).is_some_and(|entry| entry.once)
    }

    /// The last result of an answer, whether or not it still counts.
    pub fn entry(&self, task: &Task, language: Language) -> Option<&Entry> {
        self.entries.get(&key(task, language))
    }
}

/// Whether a file of an answer is still as it came.
pub fn is_stub(task: &Task, language: Language, text: &str) -> bool {
    let hash = files::hash(text.as_bytes());
    let stubs = stubs(task, language).unwrap_or_default();
    stubs.iter().any(|stub| files::hash(stub.as_bytes()) == hash)
}

/// The hash of an answer: of its files, in the task's order.
pub fn fingerprint(texts: &[impl AsRef<str>]) -> String {
    let hashes: String = texts.iter().map(|t| files::hash(t.as_ref().as_bytes()) + "\n").collect();
    files::hash(hashes.as_bytes())
}

/// The [`fingerprint`] of the reader's answer; `None` if a file of it is gone.
///
/// # Errors
/// A file cannot be read.
pub fn current(home: &Home, task: &Task, language: Language) -> Result<Option<String>> {
    let mut texts = Vec::new();
    for file in task.files_in(language) {
        let path = home.root.join(&task.exercise).join(file);
        let Some(bytes) = files::read(&path)? else { return Ok(None) };
        texts.push(String::from_utf8_lossy(&bytes).into_owned());
    }
    Ok(Some(fingerprint(&texts)))
}

fn stubs(task: &Task, language: Language) -> Result<Vec<String>> {
    let stubs = task.files_in(language).map(|file| given::file(&task.exercise, file));
    Ok(stubs.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

/// The hash of what judges a task: this crate's version, the exercise's judges, the solution, and what
/// its description says of how it is judged. A better hint takes nobody's result away.
fn grader(task: &Task) -> Result<String> {
    let Task { kind, bug, files: names, entry, contract, kernel, .. } = task;
    let judged = serde_json::to_string(&(kind, bug, names, entry, contract, kernel));
    let judged =
        judged.map_err(|e| Error::catalog(&format!("{}/exercise.toml", task.exercise), e))?;
    let judges = catalog::JUDGES.iter().filter(|(name, _)| task.exercise.starts_with(name));
    let judges: String = judges.map(|(_, number)| format!("{number:x}")).collect();
    let mut texts = vec![env!("CARGO_PKG_VERSION"), judged.as_str(), judges.as_str()];
    texts.extend(names.iter().filter_map(|file| catalog::solution_file(&task.exercise, file)));
    Ok(fingerprint(&texts))
}

fn key(task: &Task, language: Language) -> String {
    format!("{}/{}/{}", task.exercise, task.name, language.to_string().to_lowercase())
}

fn path(home: &Home) -> PathBuf {
    home.root.join(FOLDER).join(FILE)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}

fn read(path: &Path) -> Result<BTreeMap<String, Entry>, String> {
    let Some(text) = files::read_text(path).map_err(|e| e.to_string())? else {
        return Ok(BTreeMap::new());
    };
    let stored: Stored = serde_json::from_str(&text).map_err(|e| e.to_string())?;
    if stored.format != FORMAT {
        return Err(format!("it is of format {}, this Strata writes {FORMAT}", stored.format));
    }
    Ok(stored.results)
}

/// To be called with the lock in hand.
fn read_or_put_aside(path: &Path) -> Progress {
    let reason = match read(path) {
        Ok(entries) => return Progress { entries, warning: None },
        Err(reason) => reason,
    };
    let aside = files::free(&path.with_extension("json.bad"));
    let fate = match std::fs::rename(path, &aside) {
        Ok(()) => format!("it is now {}", aside.display()),
        Err(e) => format!("it cannot be put aside: {e}"),
    };
    let warning = Some(format!("{}; {fate}", warning(path, &reason)));
    Progress { warning, ..Progress::default() }
}

fn warning(path: &Path, reason: &str) -> String {
    format!("progress in {} cannot be understood: {reason}; tests find it again", path.display())
}

/// Holds off all other writers until it is dropped.
fn lock(home: &Home) -> Result<File> {
    let folder = home.root.join(FOLDER);
    files::make_folder(&folder)?;
    let path = folder.join("progress.lock");
    let options = File::options().create(true).truncate(false).write(true).open(&path);
    let file = options.map_err(|e| Error::io("write", &path, e))?;
    match file.lock() {
        // Some network file systems have no locks; most readers have one terminal.
        Err(e) if e.kind() != std::io::ErrorKind::Unsupported => Err(Error::io("lock", &path, e)),
        _ => Ok(file),
    }
}

/// Adds to what is in the file now, not to what this process has read some time ago.
fn merge(home: &Home, found: BTreeMap<String, Entry>) -> Result<Progress> {
    if found.is_empty() {
        return Ok(Progress::load(home));
    }
    let _lock = lock(home)?;
    let path = path(home);
    let mut progress = read_or_put_aside(&path);
    for (key, mut entry) in found {
        entry.once = entry.passed || progress.entries.get(&key).is_some_and(|e| e.once);
        progress.entries.insert(key, entry);
    }
    let stored = Stored { format: FORMAT, results: progress.entries };
    let text = serde_json::to_string_pretty(&stored).map_err(|e| Error::io("write", &path, e))?;
    progress.entries = stored.results;
    files::write(&path, format!("{text}\n").as_bytes())?;
    Ok(progress)
}

#[cfg(test)]
mod tests;
