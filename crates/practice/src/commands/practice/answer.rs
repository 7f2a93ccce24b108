//! The reader's files, as they came and as we would have written them; and putting either in place
//! without losing what the reader wrote.

use crate::failure::{Failure, Outcome};
use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use strata_grader::catalog::{self, Task};
use strata_grader::{Language, files as files_of, given, stub as regions};

/// A file as the reader first saw it.
///
/// # Errors
/// The solution is malformed, or missing.
pub fn stub(task: &Task, file: &str) -> Outcome<String> {
    given::file(&task.exercise, file)?.ok_or_else(|| missing(task, file))
}

/// Our answer, without the markers.
///
/// # Errors
/// The solution is malformed, or missing.
pub fn solution(task: &Task, file: &str) -> Outcome<String> {
    let text = catalog::solution_file(&task.exercise, file).ok_or_else(|| missing(task, file))?;
    Ok(regions::clean(&format!("solutions/{}/{file}", task.exercise), text)?)
}

fn missing(task: &Task, file: &str) -> Failure {
    Failure::new(format!("this build of Strata has no solution of {} {file}", task.exercise))
}

/// The files of a task, in one language or in all.
///
/// # Errors
/// The task has no answer in that language.
pub fn files(task: &Task, language: Option<Language>) -> Outcome<Vec<&str>> {
    let files: Vec<&str> = match language {
        Some(language) => task.files_in(language).collect(),
        None => task.files.iter().map(String::as_str).collect(),
    };
    match (files.is_empty(), language) {
        (true, Some(language)) => {
            let names: Vec<String> = task.languages().iter().map(Language::to_string).collect();
            let names = super::one_of(&names);
            Err(Failure::new(format!("{} is not written in {language}, but in {names}", task.name)))
        }
        _ => Ok(files),
    }
}

/// Whether a file holds this text, whatever its line endings.
pub fn holds(path: &Path, text: &str) -> bool {
    files_of::read(path).is_ok_and(|old| old.is_some_and(|old| same(&old, text)))
}

fn same(old: &[u8], text: &str) -> bool {
    String::from_utf8_lossy(old).replace("\r\n", "\n") == text
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// It held that text already.
    Same,
    /// It was not there.
    Made,
    /// What it held is now here.
    Saved(PathBuf),
}

/// Writes `text` to a file; what it held before is kept beside it.
///
/// # Errors
/// The folder cannot be written. Then the file is as it was.
pub fn put(path: &Path, text: &str) -> Outcome<Put> {
    let Some(old) = files_of::read(path)? else {
        strata_files::make_folder(path.parent().unwrap_or(Path::new(".")))?;
        strata_files::write(path, text.as_bytes())?;
        return Ok(Put::Made);
    };
    if same(&old, text) {
        return Ok(Put::Same);
    }
    let kept = backup(path, &old);
    let backup = kept
        .map_err(|e| Failure::new(format!("cannot keep a copy beside {}: {e}", path.display())))?;
    strata_files::write(path, text.as_bytes())?;
    Ok(Put::Saved(backup))
}

/// Keeps a text beside its file: `tiled.wgsl.bak`, else `tiled.wgsl.bak.2`, ... None is overwritten,
/// not even if two commands do this at once.
fn backup(path: &Path, text: &[u8]) -> std::io::Result<PathBuf> {
    let mut number = 1;
    loop {
        let mut name = path.as_os_str().to_os_string();
        name.push(if number == 1 { ".bak".into() } else { format!(".bak.{number}") });
        match File::create_new(&name) {
            Ok(mut file) => {
                file.write_all(text)?;
                return Ok(name.into());
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn nothing_that_was_written_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("shaders/a.wgsl");
        let put = |text: &str| put(&file, text).unwrap();
        assert_eq!(put("stub\n"), Put::Made);
        assert_eq!(put("stub\n"), Put::Same);
        fs::write(&file, "stub\r\n").unwrap();
        assert_eq!(put("stub\n"), Put::Same, "git may have changed line endings");
        for (n, name) in [(1, "a.wgsl.bak"), (2, "a.wgsl.bak.2"), (3, "a.wgsl.bak.3")] {
            fs::write(&file, format!("mine {n}")).unwrap();
            let backup = folder.path().join("shaders").join(name);
            assert_eq!(put("stub\n"), Put::Saved(backup.clone()));
            assert_eq!(fs::read_to_string(&backup).unwrap(), format!("mine {n}"));
            assert_eq!(fs::read_to_string(&file).unwrap(), "stub\n");
        }
    }
}
