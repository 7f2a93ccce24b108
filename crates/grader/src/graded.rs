//! What came of an answer, and the words for it: `cargo test` and the command say the same.

use crate::catalog::{Kind, Task};
use crate::{Language, Verdict};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

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
    /// The text that was judged, as [`fingerprint`](crate::progress::fingerprint) tells it: the file may have been saved
    /// again since.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// What the judge of this answer was held to, and what the machine does not offer.
    #[serde(default)]
    pub limits: Option<String>,
}

/// What the judges were held to, the same things once: `WGSL, CUDA: 20 s, 64 MB of output; ...`.
pub fn limits(list: &[Graded]) -> Vec<String> {
    let mut found: Vec<(Vec<String>, &str)> = Vec::new();
    for graded in list {
        let Some(limits) = graded.limits.as_deref() else { continue };
        let language = graded.language.to_string();
        match found.iter_mut().find(|(_, text)| *text == limits) {
            Some((languages, _)) if languages.contains(&language) => {}
            Some((languages, _)) => languages.push(language),
            None => found.push((vec![language], limits)),
        }
    }
    found.into_iter().map(|(who, limits)| format!("{}: {limits}", who.join(", "))).collect()
}

/// A task is solved if an answer passes and none is wrong.
pub fn solved(list: &[Graded]) -> bool {
    let verdicts = || list.iter().filter_map(|g| g.verdict.as_ref());
    verdicts().any(Verdict::passed) && !verdicts().any(|v| matches!(v, Verdict::Rejected(_)))
}

/// A task is neither solved nor failed if its answer cannot be run here.
pub fn undecided(list: &[Graded]) -> bool {
    let mut verdicts = list.iter().filter_map(|g| g.verdict.as_ref()).peekable();
    verdicts.peek().is_some()
        && verdicts.all(|v| matches!(v, Verdict::Compiled { .. } | Verdict::Skipped { .. }))
}

/// `WGSL right in 31 questions on wgpu:0 (llvmpipe); CUDA not begun`
pub fn parts(list: &[Graded]) -> String {
    let parts: Vec<String> = list.iter().map(part).collect();
    parts.join("; ")
}

fn part(graded: &Graded) -> String {
    let language = graded.language;
    match (&graded.verdict, &graded.device) {
        (None, _) => format!("{language} not begun"),
        (Some(Verdict::Passed { checks }), Some(device)) if language != Language::Rust => {
            let s = if *checks == 1 { "" } else { "s" };
            format!("{language} right in {checks} question{s} on {device}")
        }
        (Some(Verdict::Passed { .. }), _) => format!("{language} right"),
        (Some(Verdict::Compiled { .. }), _) => format!("{language} compiles, cannot be run here"),
        (Some(Verdict::Skipped { .. }), _) => format!("{language} cannot be judged here"),
        (Some(Verdict::Rejected(r)), _) => {
            format!("{language} wrong: {}", r.diagnoses.first().map_or("differs", String::as_str))
        }
    }
}

/// What there is to do with a task that was not begun; its files follow.
pub fn to_do(task: &Task) -> &'static str {
    match (task.bug, task.kind) {
        (true, Kind::Kernel) => "find the bug in one of these",
        (true, Kind::Rust) => "find the bug in",
        (false, Kind::Kernel) => "fill the TODO in one of these",
        (false, Kind::Rust) => "fill the TODO in",
    }
}
