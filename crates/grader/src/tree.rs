//! A folder of generated files, brought up to date without losing what anybody wrote into it.

use crate::{Error, Result, files};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::path::Path;

/// The hash of every generated file as it was written.
pub(crate) type Manifest = BTreeMap<String, String>;

/// Where [`Edited::Replace`] puts what it replaces.
const BACKUPS: &str = ".strata/replaced";

/// What becomes of a generated file that somebody has edited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Edited {
    /// It stays; what is new lies beside it.
    Keep,
    /// It is replaced; a copy is kept.
    Replace,
}

/// What happened to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added(String),
    /// It was as it came, and is now as it comes.
    Replaced(String),
    /// It is no longer made.
    Removed(String),
    /// It was edited and stays; its new version lies beside it.
    Kept {
        /// The file.
        file: String,
        /// Its new version.
        new: String,
    },
    /// It was edited and replaced.
    Saved {
        /// The file.
        file: String,
        /// Where the edited one is.
        backup: String,
    },
    /// It is no longer made, but somebody wrote into it (a file), or beside it (a folder).
    Left(String),
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Change::Added(file) => write!(f, "added: {file}"),
            Change::Replaced(file) => write!(f, "replaced: {file}"),
            Change::Removed(file) => write!(f, "removed: {file}"),
            Change::Kept { file, new } => {
                let new = new.rsplit('/').next().unwrap_or(new);
                write!(
                    f,
                    "kept: {file} (it has changed in Strata; the new one lies beside it as {new})"
                )
            }
            Change::Saved { file, backup } => {
                write!(f, "replaced: {file} (it had been edited; that one is now {backup})")
            }
            Change::Left(file) => {
                write!(f, "left: {file} (no longer part of the exercises, but holds work of yours)")
            }
        }
    }
}

/// What an update did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// What changed, in the order of the files.
    pub changes: Vec<Change>,
    /// How many files are as they were.
    pub unchanged: usize,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |is: fn(&Change) -> bool| self.changes.iter().filter(|c| is(c)).count();
        write!(
            f,
            "{} added, {} replaced, {} removed, {} unchanged",
            count(|c| matches!(c, Change::Added(_))),
            count(|c| matches!(c, Change::Replaced(_) | Change::Saved { .. })),
            count(|c| matches!(c, Change::Removed(_))),
            self.unchanged
        )?;
        let listed =
            |c: &&Change| matches!(c, Change::Kept { .. } | Change::Saved { .. } | Change::Left(_));
        self.changes.iter().filter(listed).try_for_each(|change| write!(f, "\n{change}"))
    }
}

/// Makes the files below `root` what they should be. `manifest` says what was written last and
/// afterwards, even after an error, what is there now.
pub(crate) fn update(
    root: &Path,
    wanted: &[(String, String)],
    manifest: &mut Manifest,
    edited: Edited,
) -> Result<Changes> {
    let mut update =
        Update { root, manifest, edited, alive: BTreeSet::new(), report: Changes::default() };
    for (file, text) in wanted {
        update.alive.insert(file.clone());
        update.place(file, text)?;
    }
    update.sweep(wanted)?;
    Ok(update.report)
}

struct Update<'a> {
    root: &'a Path,
    manifest: &'a mut Manifest,
    edited: Edited,
    alive: BTreeSet<String>,
    report: Changes,
}

impl Update<'_> {
    fn place(&mut self, file: &str, text: &str) -> Result<()> {
        let path = self.root.join(file);
        let new = files::hash(text.as_bytes());
        let last = self.manifest.get(file).cloned();
        let there = files::read(&path)?;
        let hash = there.as_deref().map(files::hash);
        let change = match (there, hash) {
            (_, Some(hash)) if hash == new => {
                self.report.unchanged += 1;
                None
            }
            (None, _) | (_, None) => {
                files::write(&path, text.as_bytes())?;
                Some(Change::Added(file.into()))
            }
            (Some(_), hash) if hash == last => {
                files::write(&path, text.as_bytes())?;
                Some(Change::Replaced(file.into()))
            }
            (Some(_), _) if self.edited == Edited::Keep && last.as_ref() == Some(&new) => {
                self.alive.insert(format!("{file}.new"));
                self.report.unchanged += 1;
                None
            }
            (Some(_), _) if self.edited == Edited::Keep => Some(self.beside(file, text)?),
            (Some(old), _) => {
                let backup = files::free(&self.root.join(BACKUPS).join(file));
                files::write(&backup, &old)?;
                files::write(&path, text.as_bytes())?;
                let backup =
                    backup.strip_prefix(self.root).unwrap_or(&backup).display().to_string();
                Some(Change::Saved { file: file.into(), backup })
            }
        };
        self.manifest.insert(file.into(), new);
        self.report.changes.extend(change);
        Ok(())
    }

    /// Puts a new version beside an edited file; an older one that nobody touched makes room.
    fn beside(&mut self, file: &str, text: &str) -> Result<Change> {
        let mut new = format!("{file}.new");
        let there = files::read(&self.root.join(&new))?.as_deref().map(files::hash);
        if there.is_some() && there.as_ref() != self.manifest.get(&new) {
            let path = files::free(&self.root.join(&new));
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            new =
                file.rsplit_once('/').map_or(name.to_string(), |(dir, _)| format!("{dir}/{name}"));
        }
        files::write(&self.root.join(&new), text.as_bytes())?;
        self.alive.insert(new.clone());
        self.manifest.insert(new.clone(), files::hash(text.as_bytes()));
        Ok(Change::Kept { file: file.into(), new })
    }

    /// Removes what was generated once and is not any more, unless somebody worked there.
    fn sweep(&mut self, wanted: &[(String, String)]) -> Result<()> {
        let orphans: Vec<(String, String)> = self
            .manifest
            .iter()
            .filter(|(file, _)| !self.alive.contains(*file))
            .map(|(file, hash)| (file.clone(), hash.clone()))
            .collect();
        let top = |file: &str| file.split_once('/').map(|(top, _)| top.to_string());
        let live: BTreeSet<String> = wanted.iter().filter_map(|(file, _)| top(file)).collect();
        let folders: BTreeSet<String> = orphans
            .iter()
            .filter_map(|(file, _)| top(file))
            .filter(|t| !live.contains(t))
            .collect();
        // A crate that loses its manifest and keeps an answer would stop the whole workspace.
        let mut left = BTreeSet::new();
        for folder in folders {
            if self.has_work(&folder)? {
                self.report.changes.push(Change::Left(folder.clone()));
                left.insert(folder);
            }
        }
        for (file, hash) in orphans {
            if top(&file).is_none_or(|top| !left.contains(&top)) {
                self.remove(&file, &hash)?;
            }
            self.manifest.remove(&file);
        }
        Ok(())
    }

    /// Whether a folder holds anything that was not generated.
    fn has_work(&self, folder: &str) -> Result<bool> {
        for file in files::walk(&self.root.join(folder))? {
            let file = format!("{folder}/{file}");
            let there = files::read(&self.root.join(&file)).ok().flatten();
            if there.as_deref().map(files::hash).as_ref() != self.manifest.get(&file) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn remove(&mut self, file: &str, hash: &str) -> Result<()> {
        let path = self.root.join(file);
        match files::read(&path)? {
            None => {}
            Some(bytes) if files::hash(&bytes) == hash => {
                fs::remove_file(&path).map_err(|e| Error::io("remove", &path, e))?;
                self.report.changes.push(Change::Removed(file.into()));
                let below = path.ancestors().skip(1).take_while(|folder| *folder != self.root);
                // A folder that is not empty stays: this is how one finds out.
                let _ = below.map(fs::remove_dir).take_while(|removed| removed.is_ok()).count();
            }
            Some(_) => self.report.changes.push(Change::Left(file.into())),
        }
        Ok(())
    }
}
