//! Which exercise and which task the reader means: `ex03 tiled`, `3 ti`, `ex03/tiled`, `tiled`, or
//! the path of a file.

use super::words::number;
use crate::failure::{Failure, Outcome};
use std::path::Path;
use strata_grader::Language;
use strata_grader::catalog::{self, Exercise, Task};
use strata_judges::Error;

type Found = (&'static Exercise, &'static Task);

/// What was asked for.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// Nothing in particular.
    Nothing,
    /// An exercise.
    Exercise(&'static Exercise),
    /// A task.
    Task(&'static Exercise, &'static Task),
}

/// The task that the words after a command name.
///
/// # Errors
/// They name none, or several; the message says which there are.
pub fn task(words: &[String]) -> Outcome<Found> {
    match asked(words)? {
        Asked::Task(exercise, task) => Ok((exercise, task)),
        Asked::Exercise(exercise) => Err(Failure::new(format!(
            "which task of {}? It has {}",
            exercise.name,
            names(exercise)
        ))),
        Asked::Nothing => Err(Failure::new("which task? `cargo strata list` shows them")),
    }
}

/// The task that the words name; where there are no words, the first that is not solved.
///
/// # Errors
/// They name none or several, or everything is solved.
pub fn asked_task(words: &[String], board: &super::Board) -> Outcome<Found> {
    if !words.is_empty() {
        return task(words);
    }
    let next = board.next().map(|row| (row.exercise, row.task));
    next.ok_or_else(|| Failure::new("every task is solved; name the one you mean"))
}

/// What the words after a command name.
///
/// # Errors
/// Nothing that there is, or several things.
pub fn asked(words: &[String]) -> Outcome<Asked> {
    match words {
        [] => Ok(Asked::Nothing),
        [word] => one(word),
        [first, second, ..] => {
            let exercise = exercise(first)?;
            Ok(Asked::Task(exercise, task_of(exercise, second)?))
        }
    }
}

fn one(word: &str) -> Outcome<Asked> {
    if let Some((exercise, task)) = by_file(word) {
        return Ok(Asked::Task(exercise, task));
    }
    let word = word.trim_end_matches(['/', '\\']);
    if let Some((first, second)) = word.split_once('/')
        && let Ok(exercise) = catalog::find(first)
    {
        return Ok(Asked::Task(exercise, task_of(exercise, second)?));
    }
    let unknown = match catalog::find(word) {
        Ok(exercise) => return Ok(Asked::Exercise(exercise)),
        Err(error) => error,
    };
    match by_name(word)?.as_slice() {
        [] => Err(suggest(&unknown, word, all_names())),
        [(exercise, task)] => Ok(Asked::Task(exercise, task)),
        several => {
            let known = several.iter().map(|(e, t)| format!("{} {}", number(e), t.name));
            let known: Vec<String> = known.collect();
            Err(Failure::new(format!("{word:?} could be {}: say which", super::one_of(&known))))
        }
    }
}

/// The task of that name, or of that beginning, in whatever exercise; the one that the command was
/// typed in comes first.
fn by_name(word: &str) -> Outcome<Vec<Found>> {
    let wanted = word.trim().to_lowercase().replace('-', "_");
    let all = || catalog::exercises().iter().flat_map(|e| e.tasks.iter().map(move |t| (e, t)));
    catalog::catalog()?;
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let exact: Vec<Found> = all().filter(|(_, t)| t.name == wanted).collect();
    let begun = || all().filter(|(_, t)| t.name.starts_with(&wanted)).collect();
    let found: Vec<Found> = if exact.is_empty() { begun() } else { exact };
    let here = std::env::current_dir().unwrap_or_default();
    let inside = |e: &Exercise| here.components().any(|c| c.as_os_str() == e.name);
    let near: Vec<Found> = found.iter().copied().filter(|(e, _)| inside(e)).collect();
    Ok(if near.len() == 1 { near } else { found })
}

/// The task whose file this is.
fn by_file(word: &str) -> Option<Found> {
    let path = std::path::absolute(word).ok()?;
    let all = catalog::exercises().iter().flat_map(|e| e.tasks.iter().map(move |t| (e, t)));
    let is = |(e, t): &Found| t.files.iter().any(|f| path.ends_with(Path::new(e.name).join(f)));
    all.into_iter().find(is)
}

/// The exercise of that name or number.
///
/// # Errors
/// There is none, or several.
pub fn exercise(word: &str) -> Outcome<&'static Exercise> {
    let names = catalog::exercises().iter().map(|e| e.name.to_string()).collect();
    catalog::find(word).map_err(|error| suggest(&error, word, names))
}

fn task_of(exercise: &'static Exercise, word: &str) -> Outcome<&'static Task> {
    let names = exercise.tasks.iter().map(|t| t.name.clone()).collect();
    exercise.task(word).map_err(|error| suggest(&error, word, names))
}

fn names(exercise: &Exercise) -> String {
    let names: Vec<&str> = exercise.tasks.iter().map(|t| t.name.as_str()).collect();
    names.join(", ")
}

fn all_names() -> Vec<String> {
    let exercises = catalog::exercises();
    let tasks = exercises.iter().flat_map(|e| e.tasks.iter().map(|t| t.name.clone()));
    exercises.iter().map(|e| e.name.to_string()).chain(tasks).collect()
}

/// An error with the name that was most likely meant.
fn suggest(error: &Error, word: &str, names: Vec<String>) -> Failure {
    let unknown = matches!(error, Error::UnknownExercise { .. } | Error::UnknownTask { .. });
    match nearest(word, &names).filter(|_| unknown) {
        Some(name) => Failure::new(format!("{error}. Did you mean {name}?")),
        None => Failure::new(error.to_string()),
    }
}

/// The name that differs by the fewest letters, if those are few.
fn nearest<'a>(word: &str, names: &'a [String]) -> Option<&'a str> {
    let word = word.trim().to_lowercase().replace('-', "_");
    let far = |name: &str| {
        // `ex03-matmul` is also meant by what looks like `matmul` or `ex03`.
        let whole = name.replace('-', "_");
        let names = std::iter::once(whole.as_str()).chain(name.split('-'));
        names.map(|name| strsim::damerau_levenshtein(&word, name)).min().unwrap_or(usize::MAX)
    };
    let best = names.iter().min_by_key(|name| far(name))?;
    (far(best) <= (word.chars().count() / 3).max(1)).then_some(best)
}

/// A language's name.
///
/// # Errors
/// It is none that an answer can be written in.
pub fn language(text: &str) -> Result<Language, String> {
    match text.trim().to_lowercase().as_str() {
        "rust" | "rs" => Ok(Language::Rust),
        "wgsl" => Ok(Language::Wgsl),
        "cuda" | "cu" => Ok(Language::Cuda),
        _ => Err("it must be rust, wgsl or cuda".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(words: &str) -> String {
        let words: Vec<String> = words.split_whitespace().map(String::from).collect();
        match asked(&words) {
            Ok(Asked::Task(e, t)) => format!("{} {}", e.name, t.name),
            Ok(Asked::Exercise(e)) => e.name.into(),
            Ok(Asked::Nothing) => "nothing".into(),
            Err(Failure::Message(text)) => text,
            Err(Failure::Pipe) => "pipe".into(),
        }
    }

    #[test]
    fn a_task_has_many_names() {
        for words in [
            "ex03 tiled",
            "3 til",
            "03 tiled",
            "matmul tiled",
            "ex03/tiled",
            "ex03-matmul/tiled",
            "exercises/ex03-matmul/shaders/matmul/3_tiled.wgsl",
            "./ex03-matmul/kernels/matmul/3_tiled.cu",
        ] {
            assert_eq!(find(words), "ex03-matmul tiled", "{words}");
        }
        assert_eq!(find("exercises/ex03-matmul/"), "ex03-matmul");
        assert_eq!(find("3"), "ex03-matmul");
        assert_eq!(find(""), "nothing");
    }

    #[test]
    fn what_is_unknown_is_guessed_at() {
        assert!(find("ex03 tilde").ends_with("Did you mean tiled?"), "{}", find("ex03 tilde"));
        assert!(find("matnul").ends_with("Did you mean ex03-matmul?"), "{}", find("matnul"));
        assert!(find("ex99").contains("ex03-matmul, ex04"), "all are listed: {}", find("ex99"));
        assert!(find("ex33").ends_with("Did you mean ex03-matmul?"), "{}", find("ex33"));
        assert!(!find("ex03 zzzzzz").contains("mean"));
        assert!(find("ex03 zzzzzz").contains("tiled"));
    }

    #[test]
    fn languages_are_spelled_freely() {
        assert_eq!(language("WGSL"), Ok(Language::Wgsl));
        assert_eq!(language("cu"), Ok(Language::Cuda));
        assert!(language("glsl").is_err());
    }
}
