//! Hints, one level at a time, and which the reader has seen.

use crate::failure::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use strata_files::Kind;
use strata_grader::catalog::Task;
use strata_grader::home::Home;
use strata_grader::progress::FOLDER;

const FILE: &str = "hints.json";

/// Bytes of that file that are read; a line for each task has a hundredth of it.
const MOST: u64 = 1 << 20;

/// Which hints were shown: `.strata/hints.json`, beside what was solved.
#[derive(Debug)]
pub struct Hints {
    path: PathBuf,
    seen: Seen,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    /// How many hints of each task were shown.
    shown: BTreeMap<String, usize>,
}

/// A hint was asked for before the one that comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooSoon {
    /// The one that comes first.
    pub first: usize,
}

impl Hints {
    /// Reads what was shown. A file that makes no sense is no loss: hints begin anew.
    pub fn load(home: &Home) -> Hints {
        let path = home.root.join(FOLDER).join(FILE);
        let text = strata_files::read_text(&path, MOST).unwrap_or_default();
        Hints { path, seen: serde_json::from_str(&text).unwrap_or_default() }
    }

    /// How many hints of a task were shown.
    pub fn seen(&self, task: &Task) -> usize {
        self.seen.shown.get(&key(task)).map_or(0, |&seen| seen.min(task.hints.len()))
    }

    /// The number of the hint to show: the next one, or the one asked for.
    ///
    /// # Errors
    /// One was asked for whose predecessor was not shown.
    pub fn level(&self, task: &Task, asked: Option<usize>) -> Result<usize, TooSoon> {
        let next = (self.seen(task) + 1).min(task.hints.len());
        match asked {
            Some(level) if level > next => Err(TooSoon { first: next }),
            Some(level) => Ok(level.max(1)),
            None => Ok(next),
        }
    }

    /// Whether nothing can be remembered here.
    pub fn forgets(&self) -> bool {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        // What is not a plain file is not ours; opening a pipe would wait for whoever reads it.
        match strata_files::kind(&self.path) {
            Ok(Kind::File) => fs::File::options().append(true).open(&self.path).is_err(),
            Ok(_) => true,
            Err(_) => {
                let open = || {
                    fs::create_dir_all(folder)?;
                    fs::File::options().append(true).create(true).open(&self.path)
                };
                open().is_err()
            }
        }
    }

    /// Remembers that a hint was shown.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn remember(&mut self, task: &Task, level: usize) -> Outcome<()> {
        let seen = self.seen.shown.entry(key(task)).or_default();
        if *seen >= level {
            return Ok(());
        }
        *seen = level;
        strata_files::make_folder(self.path.parent().unwrap_or(Path::new(".")))?;
        let text = serde_json::to_string_pretty(&self.seen)?;
        Ok(strata_files::write(&self.path, (text + "\n").as_bytes())?)
    }
}

fn key(task: &Task) -> String {
    format!("{}/{}", task.exercise, task.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use strata_grader::catalog;

    #[test]
    fn hints_come_one_after_the_other_and_are_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { root: folder.path().into(), clone: None, outside: true };
        let task = catalog::task("ex03", "tiled").unwrap();
        for level in 1..=3 {
            let mut hints = Hints::load(&home);
            assert_eq!(hints.seen(task), level - 1);
            assert_eq!(hints.level(task, None), Ok(level));
            if level < 3 {
                assert_eq!(hints.level(task, Some(3)), Err(TooSoon { first: level }));
            }
            hints.remember(task, level).unwrap();
        }
        let mut hints = Hints::load(&home);
        assert_eq!(hints.level(task, None), Ok(3), "the last one again");
        assert_eq!(hints.level(task, Some(1)), Ok(1), "an old one again");
        hints.remember(task, 1).unwrap();
        assert_eq!(hints.seen(task), 3);
        fs::write(folder.path().join(".strata/hints.json"), "nonsense").unwrap();
        assert_eq!(Hints::load(&home).seen(task), 0);
    }
}
