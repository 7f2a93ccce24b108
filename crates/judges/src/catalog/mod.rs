//! The exercises and their tasks, as `solutions/*/exercise.toml` lists them.

use crate::{Error, Language, Result};
use serde::{Deserialize, Deserializer, Serialize};
use std::sync::OnceLock;

mod read;

include!(concat!(env!("OUT_DIR"), "/table.rs"));

/// The exercises of one chapter.
#[derive(Clone, Debug)]
pub struct Exercise {
    /// Its folder and package: `ex03-matmul`.
    pub name: &'static str,
    /// What it is about.
    pub title: String,
    /// The chapter it belongs to.
    pub chapter: u32,
    /// The chapter's page, from the repository's root.
    pub page: String,
    /// What there is to do, from easy to hard.
    pub tasks: Vec<Task>,
}

/// What a task's answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Rust functions.
    Rust,
    /// A GPU kernel, in CUDA C++ or WGSL or both.
    Kernel,
}

/// One thing to write.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// The exercise it belongs to.
    #[serde(skip)]
    pub exercise: String,
    /// The chapter's page.
    #[serde(skip)]
    pub page: String,
    /// Its name, unique in the exercise.
    pub name: String,
    /// What it is about.
    pub title: String,
    /// What the answer is.
    pub kind: Kind,
    /// Whether it is a bug hunt.
    #[serde(default)]
    pub bug: bool,
    /// How long it may take.
    pub minutes: u32,
    /// What to write, why it matters, what counts as done.
    pub goal: String,
    /// The files that the reader edits, below the exercise's folder; CUDA comes first.
    pub files: Vec<String>,
    /// A kernel's entry point.
    #[serde(default)]
    pub entry: Option<String>,
    /// The engine's op and rung that the kernel can stand in for.
    #[serde(default, deserialize_with = "contract")]
    pub contract: Option<(String, String)>,
    /// A kernel's path in an overlay: its file without folder and ending.
    #[serde(default)]
    pub kernel: Option<String>,
    /// A nudge, the idea, nearly the code.
    pub hints: [String; 3],
}

impl Task {
    /// The languages it can be answered in, in the order of its files.
    pub fn languages(&self) -> Vec<Language> {
        let mut languages = Vec::new();
        for language in self.files.iter().filter_map(|file| Language::of(file)) {
            if !languages.contains(&language) {
                languages.push(language);
            }
        }
        languages
    }

    /// The files of an answer in this language.
    pub fn files_in(&self, language: Language) -> impl Iterator<Item = &str> {
        self.files.iter().map(String::as_str).filter(move |f| Language::of(f) == Some(language))
    }
}

fn contract<'de, D: Deserializer<'de>>(from: D) -> Result<Option<(String, String)>, D::Error> {
    let text = String::deserialize(from)?;
    match text.split_once('=') {
        Some((op, rung)) if !op.is_empty() && !rung.is_empty() => {
            Ok(Some((op.into(), rung.into())))
        }
        _ => Err(serde::de::Error::custom("write contract = \"op=rung\", like \"matmul=3_tiled\"")),
    }
}

/// Every exercise, by number.
///
/// # Errors
/// An `exercise.toml` is malformed.
pub fn catalog() -> Result<&'static [Exercise]> {
    static CATALOG: OnceLock<Result<Vec<Exercise>>> = OnceLock::new();
    CATALOG.get_or_init(|| read::read(FILES)).as_deref().map_err(Error::clone)
}

/// Every exercise, by number; none if the catalog is malformed, which [`catalog`] tells.
pub fn exercises() -> &'static [Exercise] {
    catalog().unwrap_or_default()
}

/// The exercise a reader means by `ex03-matmul`, `ex03`, `3`, `03`, `matmul` or the beginning of one.
///
/// # Errors
/// There is none or several; the message lists those there are.
pub fn find(what: &str) -> Result<&'static Exercise> {
    find_in(catalog()?, what)
}

/// The task a reader means by its name or the beginning of it.
///
/// # Errors
/// There is none or several; the message lists those there are.
pub fn task(exercise: &str, what: &str) -> Result<&'static Task> {
    find(exercise)?.task(what)
}

impl Exercise {
    /// The task of that name, or the only one that begins so.
    ///
    /// # Errors
    /// There is none or several; the message lists those there are.
    pub fn task(&self, what: &str) -> Result<&Task> {
        let wanted = what.trim().to_lowercase().replace('-', "_");
        let found = choose(
            what,
            &self.tasks,
            |t| &t.name,
            |t| t.name == wanted,
            |t| t.name.starts_with(&wanted),
        )?;
        found.ok_or_else(|| Error::UnknownTask {
            exercise: self.name.into(),
            what: what.into(),
            known: list(self.tasks.iter().map(|t| t.name.as_str())),
        })
    }
}

fn find_in<'a>(exercises: &'a [Exercise], what: &str) -> Result<&'a Exercise> {
    // A shell completes the folder: exercises/ex03-matmul/
    let wanted = what.trim().trim_end_matches(['/', '\\']).to_lowercase();
    let wanted = wanted.rsplit(['/', '\\']).next().unwrap_or_default();
    let number = wanted.strip_prefix("ex").unwrap_or(wanted).parse::<u32>().ok();
    let topic = |e: &'a Exercise| e.name.split_once('-').map_or("", |(_, topic)| topic);
    let is = |e: &&Exercise| e.name == wanted || number == Some(e.chapter);
    let exact = exercises.iter().find(is).or_else(|| exercises.iter().find(|e| topic(e) == wanted));
    let found = match exact {
        Some(exact) => Some(exact),
        None => choose(
            what,
            exercises,
            |e| e.name,
            |_| false,
            |e| e.name.starts_with(wanted) || topic(e).starts_with(wanted),
        )?,
    };
    found.ok_or_else(|| Error::UnknownExercise {
        what: what.into(),
        known: list(exercises.iter().map(|e| e.name)),
    })
}

/// The one that is it, else the only one that may be.
fn choose<'a, T>(
    what: &str,
    all: &'a [T],
    name: fn(&T) -> &str,
    is: impl Fn(&T) -> bool,
    may_be: impl Fn(&'a T) -> bool,
) -> Result<Option<&'a T>> {
    if what.trim_matches(['/', '\\', ' ']).is_empty() {
        return Ok(None);
    }
    if let Some(found) = all.iter().find(|one| is(one)) {
        return Ok(Some(found));
    }
    let found: Vec<&T> = all.iter().filter(|&one| may_be(one)).collect();
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one)),
        several => {
            let known = list(several.iter().map(|one| name(one)));
            Err(Error::Ambiguous { what: what.into(), known })
        }
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// The text of a file of a solution: `solution("ex03-matmul/kernels/matmul/3_tiled.cu")`.
///
/// A published crate has no solutions: there, every text is empty.
///
/// # Panics
/// If there is no such file; in a `const` or `static` that is a compile error.
pub const fn solution(path: &str) -> &'static str {
    look_up(FILES, path)
}

#[expect(clippy::panic, reason = "called for statics, by `kernel!`: they do not compile then")]
const fn look_up(files: &[(&str, &'static str)], path: &str) -> &'static str {
    match strata_embed::find(files, path) {
        Some(text) => text,
        None if files.is_empty() => "",
        None => panic!("no file of a solution has that path"),
    }
}

/// The text of a file of an exercise's solution: `solution_file("ex03-matmul", "src/blocked.rs")`.
pub fn solution_file(exercise: &str, file: &str) -> Option<&'static str> {
    files(exercise).find(|&(path, _)| path == file).map(|(_, text)| text)
}

/// The files of an exercise's solution: paths below its folder, and texts.
pub fn files(exercise: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.iter().filter_map(move |&(path, text)| {
        Some((path.strip_prefix(exercise)?.strip_prefix('/')?, text))
    })
}

/// The text with `\n` for every `\r\n`: git may have changed its line endings.
pub fn lines_of(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests;
