//! What the screen shows, and what becomes of it when something happens. No terminal, no threads:
//! the tests play with it.

use super::job::Job;
use crate::commands::practice::{Board, Hints, Row, State, Tone};
use crate::failure::{Failure, Outcome};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use strata_grader::graded::{Graded, solved};
use strata_grader::home::Home;
use strata_grader::progress::Progress;
use strata_grader::{Language, Verdict};

/// What is on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// A task and its verdict.
    Task,
    /// All tasks, and the one that is pointed at.
    List(usize),
    /// The question whether to begin a task anew.
    Reset,
}

/// What a judge came back with.
#[derive(Clone, Debug, PartialEq)]
pub enum Word {
    /// Verdicts on a task's files.
    Graded(Vec<Graded>),
    /// It could not judge.
    Trouble(String),
}

/// What is to be done about what happened.
#[derive(Debug)]
pub enum Wish {
    /// Nothing.
    Nothing,
    /// Judge these, and nothing else.
    Judge(Vec<Job>),
    /// The reader leaves.
    Leave,
}

/// The state of a watch.
pub struct App {
    /// Where the reader's files are.
    pub home: Home,
    /// The root as the system names it in what it tells.
    pub real: PathBuf,
    /// The tasks that are watched.
    pub rows: Vec<Row>,
    /// The one at hand.
    pub at: usize,
    /// What is on the screen.
    pub view: View,
    /// What was found in this session, by exercise and task.
    pub words: BTreeMap<(String, String), Word>,
    /// What a judge is at, while one is at work.
    pub judging: Option<String>,
    /// Which hints were shown.
    pub hints: Hints,
    /// How many hints of this task are on the screen.
    pub hint: usize,
    /// How far the report is scrolled.
    pub scroll: usize,
    /// Something to know.
    pub note: Option<(Tone, String)>,
    /// Whether results cannot be remembered.
    pub forgets: bool,
}

impl App {
    /// A watch that begins with the first task that is not solved.
    pub fn new(home: Home, board: Board) -> Outcome<App> {
        if board.rows.is_empty() {
            return Err(Failure::new("there are no tasks to watch"));
        }
        let at = board.rows.iter().position(|row| row.state != State::Solved).unwrap_or(0);
        let real = home.root.canonicalize().unwrap_or_else(|_| home.root.clone());
        let hints = Hints::load(&home);
        let note = board.warning.map(|text| (Tone::Warn, text));
        Ok(App {
            home,
            real,
            rows: board.rows,
            at,
            view: View::Task,
            words: BTreeMap::new(),
            judging: None,
            hints,
            hint: 0,
            scroll: 0,
            note,
            forgets: false,
        })
    }

    /// The task at hand.
    #[expect(
        clippy::indexing_slicing,
        reason = "`at` is a place in `rows`, which is not empty and keeps its length"
    )]
    pub fn row(&self) -> &Row {
        &self.rows[self.at]
    }

    /// What was found of the task at hand.
    pub fn word(&self) -> Option<&Word> {
        self.words.get(&key(self.row()))
    }

    /// Judges the task at hand, if there is anything to judge.
    pub fn judge(&mut self) -> Wish {
        match self.row().state {
            State::Untouched | State::Gone => {
                let key = key(self.row());
                self.words.remove(&key);
                Wish::Nothing
            }
            _ => Wish::Judge(vec![job(self.row())]),
        }
    }

    /// Goes to a task. What is begun and was never judged here, is judged.
    pub fn go(&mut self, to: usize) -> Wish {
        self.at = to.min(self.rows.len() - 1);
        (self.view, self.scroll, self.hint, self.note) = (View::Task, 0, 0, None);
        match self.row().state {
            State::Solved => Wish::Nothing,
            _ if self.word().is_some() => Wish::Nothing,
            _ => self.judge(),
        }
    }

    /// Files changed: the task at hand is judged if one of them is its own, else the task that one
    /// belongs to.
    pub fn changed(&mut self, paths: &[PathBuf]) -> Wish {
        let below = |path: &PathBuf| {
            let short =
                path.strip_prefix(&self.real).or_else(|_| path.strip_prefix(&self.home.root));
            short.ok().map(Path::to_path_buf)
        };
        let changed: Vec<PathBuf> = paths.iter().filter_map(below).collect();
        let touched = self.refresh(|row| concerns(row, &changed));
        let own = |row: &Row| changed.iter().any(|path| owns(row, path));
        let to = match touched.contains(&self.at) {
            true => self.at,
            false => {
                let owned = |(i, row): (usize, &Row)| touched.contains(&i) && own(row);
                match self.rows.iter().enumerate().position(owned) {
                    Some(other) => other,
                    None => return Wish::Nothing,
                }
            }
        };
        if to != self.at {
            let _ = self.go(to);
        }
        (self.view, self.scroll, self.note) = (View::Task, 0, None);
        self.judge()
    }

    /// Everything may have changed.
    pub fn look_again(&mut self) -> Wish {
        self.refresh(|_| true);
        self.judge()
    }

    /// A judge is back.
    pub fn done(&mut self, job: Job, found: Result<Vec<Graded>, String>) {
        let mine = |row: &Row| {
            row.exercise.name == job.exercise.name
                && job.task.is_none_or(|task| task.name == row.task.name)
        };
        self.refresh(mine);
        for row in self.rows.iter_mut().filter(|row| mine(row)) {
            let word = match &found {
                Err(text) => Word::Trouble(text.clone()),
                Ok(all) => {
                    let list = all.iter().filter(|g| g.task == row.task.name).cloned();
                    Word::Graded(list.collect())
                }
            };
            if let (Word::Graded(list), true) = (&word, self.forgets) {
                row.state = state(list).unwrap_or(row.state);
            }
            match row.state {
                State::Untouched | State::Gone => self.words.remove(&key(row)),
                _ => self.words.insert(key(row), word),
            };
        }
    }

    /// Looks at the files of some tasks again, and says which places those have.
    pub fn refresh(&mut self, which: impl Fn(&Row) -> bool) -> Vec<usize> {
        let (home, mut progress) = (&self.home, None);
        let rows = self.rows.iter_mut().enumerate().filter(|(_, row)| which(row));
        rows.map(|(i, row)| {
            let progress = progress.get_or_insert_with(|| Progress::load(home));
            *row = Row::look(home, progress, row.exercise, row.task);
            i
        })
        .collect()
    }
}

fn key(row: &Row) -> (String, String) {
    (row.exercise.name.into(), row.task.name.clone())
}

fn job(row: &Row) -> Job {
    Job { exercise: row.exercise, task: Some(row.task) }
}

/// What verdicts say of a task, where nothing can be remembered.
fn state(list: &[Graded]) -> Option<State> {
    let wrong = |g: &Graded| matches!(g.verdict, Some(Verdict::Rejected(_)));
    match () {
        () if list.iter().any(wrong) => Some(State::Failed),
        () if solved(list) => Some(State::Solved),
        () => None,
    }
}

/// Whether this is one of the task's files.
fn owns(row: &Row, path: &Path) -> bool {
    let path = path.strip_prefix(row.exercise.name);
    path.is_ok_and(|path| row.task.files.iter().any(|file| path == Path::new(file)))
}

/// Whether a task depends on any of these files: its own, and for Rust whatever else the reader
/// writes in the crate.
fn concerns(row: &Row, changed: &[PathBuf]) -> bool {
    let rust = row.task.languages().contains(&Language::Rust);
    let all_owned = row.exercise.tasks.iter().flat_map(|task| &task.files);
    let all_owned: Vec<&Path> = all_owned.map(Path::new).collect();
    let helps = |path: &Path| {
        let Ok(path) = path.strip_prefix(row.exercise.name) else { return false };
        let source = path.extension().is_some_and(|end| end == "rs" || end == "toml");
        rust && source && !all_owned.contains(&path)
    };
    changed
        .iter()
        .any(|path| owns(row, path) || helps(path) || path == Path::new(row.exercise.name))
}
