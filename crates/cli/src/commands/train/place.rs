//! The run's folder: found, made and tried before any work is done.

use super::remembered::shown;
use crate::failure::{Failure, Outcome};
use std::fs;
use std::path::{Path, PathBuf};
use strata_files::Error as FileError;
use strata_ml::data::Source;
use strata_ml::transformer::Error;
use strata_ml::transformer::checkpoint::RunFolder;

/// The folder of a run, which no other run writes to meanwhile. Dropped before the run has written
/// into it, a folder that was made for it goes away again.
#[derive(Debug)]
pub struct Place {
    folder: PathBuf,
    /// Taken when the run takes it over.
    held: Option<RunFolder>,
    fresh: bool,
}

impl Place {
    /// The folder the reader named, unless another run's checkpoint lies there.
    ///
    /// # Errors
    /// It holds a checkpoint and `force` is not given, or it cannot be written.
    pub fn named(folder: &Path, force: bool) -> Outcome<Self> {
        if holds_checkpoint(folder) && !force {
            let at = folder.display();
            return Err(Failure::new(format!(
                "--out {at} holds the checkpoint of another run; go on with it by --resume {at}, \
                 choose another folder, or overwrite it with --force"
            )));
        }
        Place::open(folder.to_path_buf())
    }

    /// `runs/<model>-<data>`, numbered if that is taken.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn free(model: &str, data: &Source) -> Outcome<Self> {
        let name = format!("{model}-{}", short_name(data));
        let taken =
            |folder: &Path| fs::read_dir(folder).is_ok_and(|mut files| files.next().is_some());
        let mut folder = Path::new("runs").join(&name);
        let mut number = 2;
        while taken(&folder) {
            folder = Path::new("runs").join(format!("{name}-{number}"));
            number += 1;
        }
        Place::open(folder)
    }

    /// A folder that a run already has.
    ///
    /// # Errors
    /// It cannot be written; another run is at work there.
    pub fn open(folder: PathBuf) -> Outcome<Self> {
        let fresh = !folder.exists();
        let held = RunFolder::open(&folder).inspect_err(|_| {
            if fresh {
                let _ = fs::remove_dir(&folder);
            }
        });
        let held = held.map_err(|error| match error {
            Error::Files(FileError::Locked { .. }) => Failure::from(error),
            other => {
                let at = folder.display();
                Failure::new(format!("cannot write into {at}: {other}; choose a folder with --out"))
            }
        })?;
        Ok(Place { folder, held: Some(held), fresh })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder for the run to save to; later calls get none.
    pub fn take(&mut self) -> Option<RunFolder> {
        self.held.take()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // First the lock, which is a file in it.
        self.held = None;
        if self.fresh {
            // Only an empty folder can be removed this way.
            let _ = fs::remove_dir(&self.folder);
        }
    }
}

/// Whether a checkpoint lies in a folder.
pub fn holds_checkpoint(folder: &Path) -> bool {
    ["model.safetensors", "model.safetensors.index.json", "trainer.json"]
        .iter()
        .any(|name| strata_files::current(folder, name).exists())
}

/// `stories`, `book`, or the file's own name in letters that every system takes.
pub fn short_name(data: &Source) -> String {
    let Source::Path(path) = data else { return shown(data) };
    let full = fs::canonicalize(path).unwrap_or_else(|_| path.clone());
    let stem = full.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let name: String = stem.chars().map(plain).take(40).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "text".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_the_text() {
        assert_eq!(short_name(&Source::Stories), "stories");
        assert_eq!(short_name(&Source::Book), "book");
        assert_eq!(short_name(&Source::Path("x/Tiny Shakespeare.txt".into())), "tiny-shakespeare");
        assert_eq!(short_name(&Source::Path("...".into())), "text");
    }

    #[test]
    fn an_empty_folder_goes_away_a_used_one_stays() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join("a/b");
        drop(Place::named(&folder, false).unwrap());
        assert!(!folder.exists());
        let place = Place::named(&folder, false).unwrap();
        fs::write(folder.join("trainer.json"), "{}").unwrap();
        drop(place);
        assert!(folder.exists());
        assert!(Place::named(&folder, false).is_err());
        assert!(Place::named(&folder, true).is_ok());
    }
}
