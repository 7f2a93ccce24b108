//! One watch for a folder: two would judge everything twice, and print it twice.

use crate::failure::{Failure, Outcome};
use std::fs::{self, File, TryLockError};
use strata_grader::home::Home;
use strata_grader::progress::FOLDER;

/// The lock, as long as it is held.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
    /// Why nothing can be remembered, if that is so.
    pub warning: Option<String>,
}

/// Takes the lock.
///
/// # Errors
/// Another watch holds it.
pub fn take(home: &Home) -> Outcome<Lock> {
    let folder = home.root.join(FOLDER);
    let path = folder.join("watch.lock");
    let open = || {
        fs::create_dir_all(&folder)?;
        File::options().create(true).truncate(false).write(true).open(&path)
    };
    let file = match open() {
        Ok(file) => file,
        Err(error) => {
            let warning = Some(format!(
                "{} cannot be written ({error}): answers are judged, and nothing is remembered",
                folder.display()
            ));
            return Ok(Lock { _file: None, warning });
        }
    };
    // Where a file is locked for others, some systems do not let them read it either.
    let id = folder.join("watch.pid");
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => {
            let id = strata_files::read_text(&id, 64).unwrap_or_default();
            let who = match id.trim() {
                "" => "another process".into(),
                id => format!("process {id}"),
            };
            Err(Failure::new(format!(
                "{} is watched already, by {who}: end that watch, or use it",
                home.root.display()
            )))
        }
        // Some network file systems have no locks; most readers have one terminal.
        Ok(()) | Err(TryLockError::Error(_)) => {
            let _ = fs::write(id, format!("{}\n", std::process::id()));
            Ok(Lock { _file: Some(file), warning: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_of_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home { root: folder.path().into(), clone: None, outside: true };
        let first = take(&home).unwrap();
        assert_eq!(first.warning, None);
        let Err(Failure::Message(text)) = take(&home) else { panic!("two locks") };
        assert!(text.contains(&format!("process {}", std::process::id())), "{text}");
        drop(first);
        assert!(take(&home).is_ok());
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_watched_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FOLDER), "no folder").unwrap();
        let home = Home { root: folder.path().into(), clone: None, outside: true };
        assert!(take(&home).unwrap().warning.unwrap().contains("nothing is remembered"));
    }
}
