//! How far every task is.

use super::words::shown;
use crate::failure::Outcome;
use std::path::PathBuf;
use strata_grader::Language;
use strata_grader::catalog::{self, Exercise, Task};
use strata_grader::home::Home;
use strata_grader::progress::{self, Progress, Status};

/// How far a task is, all languages together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Right in one language at least, and wrong in none.
    Solved,
    /// Wrong.
    Failed,
    /// Judged, and changed since.
    Stale,
    /// Begun, and never judged.
    Edited,
    /// As it came.
    Untouched,
    /// Its files are gone.
    Gone,
}

impl State {
    /// As `--json` names it.
    pub fn name(self) -> &'static str {
        match self {
            State::Solved => "solved",
            State::Failed => "failed",
            State::Stale => "stale",
            State::Edited => "edited",
            State::Untouched => "untouched",
            State::Gone => "gone",
        }
    }

    fn of(by: &[(Language, Option<Status>)]) -> State {
        let any = |status| by.iter().any(|(_, s)| *s == Some(status));
        match () {
            () if any(Status::Failed) => State::Failed,
            () if any(Status::Passed) => State::Solved,
            () if any(Status::Stale) => State::Stale,
            () if any(Status::Edited) => State::Edited,
            () if any(Status::Untouched) => State::Untouched,
            () => State::Gone,
        }
    }
}

/// A task and how far it is.
#[derive(Clone, Debug)]
pub struct Row {
    /// The exercise.
    pub exercise: &'static Exercise,
    /// The task.
    pub task: &'static Task,
    /// All languages together.
    pub state: State,
    /// Each language; `None` where its file is gone.
    pub by: Vec<(Language, Option<Status>)>,
    /// What a stale answer was, and what has changed: `WGSL was right, changed since`.
    pub stale: Option<String>,
}

impl Row {
    /// Looks at the reader's files.
    pub fn look(
        home: &Home,
        progress: &Progress,
        exercise: &'static Exercise,
        task: &'static Task,
    ) -> Row {
        let look = |language| {
            let there = task.files_in(language).all(|file| path(home, task, file).exists());
            // A file that cannot be read was not as it came.
            let status = || progress.look(home, task, language).unwrap_or(Status::Edited);
            (language, there.then(status))
        };
        let by: Vec<_> = task.languages().into_iter().map(look).collect();
        let old = by.iter().find(|(_, status)| *status == Some(Status::Stale));
        let stale = old.map(|&(language, _)| stale(home, progress, task, language));
        Row { exercise, task, state: State::of(&by), by, stale }
    }

    /// The paths of its files, as one would type them here.
    pub fn files(&self, home: &Home) -> Vec<PathBuf> {
        self.task.files.iter().map(|file| shown(&path(home, self.task, file))).collect()
    }

    /// `WGSL right, CUDA untouched`; what nobody has touched is left out if nothing was begun.
    pub fn languages(&self) -> String {
        if self.by.iter().all(|(_, status)| *status == Some(Status::Untouched)) {
            return String::new();
        }
        let word = |&(language, status): &(Language, Option<Status>)| {
            let word = match status {
                Some(Status::Untouched) => "untouched",
                Some(Status::Edited) => "begun, not judged",
                Some(Status::Passed) => "right",
                Some(Status::Failed) => "wrong",
                Some(Status::Stale) => return self.stale.clone().unwrap_or_default(),
                None => "gone",
            };
            format!("{language} {word}")
        };
        let words: Vec<String> = self.by.iter().map(word).collect();
        words.join(", ")
    }
}

fn path(home: &Home, task: &Task, file: &str) -> PathBuf {
    home.root.join(&task.exercise).join(file)
}

fn stale(home: &Home, progress: &Progress, task: &Task, language: Language) -> String {
    let Some(entry) = progress.entry(task, language) else { return format!("{language} changed") };
    let was = if entry.passed { "right" } else { "wrong" };
    let current = progress::current(home, task, language).ok().flatten();
    match current.is_some_and(|now| now == entry.file) {
        true => format!("{language} was {was}, its judge has changed since"),
        false => format!("{language} was {was}, changed since"),
    }
}

/// How far every task is.
#[derive(Clone, Debug)]
pub struct Board {
    /// The tasks, in order.
    pub rows: Vec<Row>,
    /// What the reader should know.
    pub warning: Option<String>,
}

impl Board {
    /// Looks at the tasks of one exercise, or of all.
    ///
    /// # Errors
    /// The catalog is malformed.
    pub fn look(home: &Home, of: Option<&Exercise>) -> Outcome<Board> {
        let progress = Progress::load(home);
        let exercises = catalog::catalog()?.iter();
        let wanted = exercises.filter(|e| of.is_none_or(|of| of.name == e.name));
        let tasks = wanted.flat_map(|e| e.tasks.iter().map(move |t| (e, t)));
        let rows = tasks.map(|(e, t)| Row::look(home, &progress, e, t)).collect();
        Ok(Board { rows, warning: progress.warning })
    }

    /// The first task that is not solved.
    pub fn next(&self) -> Option<&Row> {
        self.rows.iter().find(|row| row.state != State::Solved)
    }

    /// The exercises, each with its tasks.
    pub fn exercises(&self) -> impl Iterator<Item = (&'static Exercise, &[Row])> {
        let groups = self.rows.chunk_by(|a, b| a.exercise.name == b.exercise.name);
        groups.filter_map(|rows| Some((rows.first()?.exercise, rows)))
    }

    /// How many are solved.
    pub fn solved(rows: &[Row]) -> usize {
        rows.iter().filter(|row| row.state == State::Solved).count()
    }

    /// How many minutes are left.
    pub fn minutes(rows: &[Row]) -> u32 {
        rows.iter().filter(|row| row.state != State::Solved).map(|row| row.task.minutes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_language_is_not_made_good_by_another() {
        let state = |list: &[Option<Status>]| {
            let by: Vec<_> = list.iter().map(|s| (Language::Wgsl, *s)).collect();
            State::of(&by)
        };
        let (passed, failed) = (Some(Status::Passed), Some(Status::Failed));
        assert_eq!(state(&[passed, failed]), State::Failed);
        assert_eq!(state(&[passed, Some(Status::Untouched)]), State::Solved);
        assert_eq!(state(&[Some(Status::Untouched), Some(Status::Stale)]), State::Stale);
        assert_eq!(state(&[None, Some(Status::Untouched)]), State::Untouched);
        assert_eq!(state(&[None, None]), State::Gone);
    }
}
