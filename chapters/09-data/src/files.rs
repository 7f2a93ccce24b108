//! Reading a text from disk, no more of it than this computer can work on.

use crate::error::{DataError, Result, from_read};
use std::fs;
use std::path::{Path, PathBuf};
use strata_device::cpu::memory;
use strata_files::Kind;

/// One text file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub path: PathBuf,
    pub text: String,
}

/// Entries of a folder that are looked at: one with more of them is hardly meant.
const MOST_ENTRIES: usize = 100_000;

/// What is assumed of a computer that does not tell its memory.
const MODEST: u64 = 8 << 30;

/// A text, its copies while it is tokenized, and the tokens take ten to fifteen times its size.
const SHARE: u64 = 16;

/// The most bytes of text that are read.
fn most_bytes() -> u64 {
    memory().unwrap_or(MODEST) / SHARE
}

/// Writes `bytes` to `path`, whole or not at all: [`strata_files::write`], with this chapter's error.
///
/// # Errors
/// [`DataError::Io`] or [`DataError::File`] if it cannot be written; the old content is then still
/// there.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    Ok(strata_files::write(path, bytes)?)
}

/// The text files at `path`: the file itself, or every text file below a folder, sorted by path.
/// In a folder, binary, empty, hidden and special files are passed over; a file that was named must
/// be text.
pub(crate) fn documents(path: &Path) -> Result<Vec<Document>> {
    bounded(path, most_bytes(), MOST_ENTRIES)
}

fn bounded(path: &Path, most: u64, entries: usize) -> Result<Vec<Document>> {
    let kind = strata_files::kind(path).map_err(|error| from_read(error, most))?;
    let documents = if kind == Kind::Folder {
        folder(path, most, entries)?
    } else {
        vec![Document { path: path.to_owned(), text: read(path, most)? }]
    };
    match documents.iter().all(|document| document.text.is_empty()) {
        true => Err(DataError::Empty { path: path.to_owned() }),
        false => Ok(documents),
    }
}

fn folder(path: &Path, most: u64, entries: usize) -> Result<Vec<Document>> {
    let mut files = list(path, entries)?;
    files.sort();
    let (mut skipped, mut size) = (0, 0);
    let mut found = Vec::new();
    for path in files {
        match read(&path, most) {
            Ok(text) if !text.is_empty() => {
                size += text.len() as u64;
                found.push(Document { path, text });
            }
            // It was a plain file when it was listed; whatever it is now, it is no text.
            Ok(_) | Err(DataError::NotText { .. } | DataError::Special { .. }) => skipped += 1,
            Err(other) => return Err(other),
        }
        if size > most {
            let path = found.last().map_or_else(PathBuf::new, |document| document.path.clone());
            return Err(DataError::TooMuchText { path, size, most, memory: memory() });
        }
    }
    if found.is_empty() {
        return Err(DataError::NoText { path: path.to_owned(), skipped });
    }
    Ok(found)
}

/// The pages of this project's book, a document each.
pub(crate) fn book() -> Result<Vec<Document>> {
    let folder = Path::new(strata_book::FOLDER);
    let pages = strata_book::pages().map_err(DataError::io("read", folder))?;
    Ok(pages.into_iter().map(|text| Document { path: folder.to_owned(), text }).collect())
}

/// Every plain file below a folder. Links to folders are not followed: they may lead back.
fn list(folder: &Path, most: usize) -> Result<Vec<PathBuf>> {
    let (mut folders, mut files, mut seen) = (vec![folder.to_owned()], Vec::new(), 0);
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).map_err(DataError::io("read", &at))? {
            let entry = entry.map_err(DataError::io("read", &at))?;
            seen += 1;
            if seen > most {
                return Err(DataError::TooManyFiles { path: folder.to_owned(), most });
            }
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let path = entry.path();
            let kind = entry.file_type().map_err(DataError::io("read", &path))?;
            if kind.is_dir() {
                folders.push(path);
            } else if path.is_file() {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// A file's text. A zero byte is valid UTF-8, but no text has one.
fn read(path: &Path, most: u64) -> Result<String> {
    let bytes = strata_files::read(path, most).map_err(|error| from_read(error, most))?;
    let fault = |at: usize, byte: u8| DataError::NotText { path: path.to_owned(), at, byte };
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(fault(at, 0));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        // There is a byte there: what is wrong with the text begins with it.
        fault(at, error.as_bytes().get(at).copied().unwrap_or_default())
    })
}

/// A text to learn from is more than one character repeated.
pub(crate) fn check_variety(path: &Path, documents: &[Document]) -> Result<()> {
    let mut characters = documents.iter().flat_map(|d| d.text.chars());
    let Some(first) = characters.next() else {
        return Err(DataError::Empty { path: path.to_owned() });
    };
    let mut count = 1;
    for character in characters {
        if character != first {
            return Ok(());
        }
        count += 1;
    }
    Err(DataError::OneCharacter { path: path.to_owned(), character: first, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_said_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.txt"), "ab".repeat(40)).unwrap();
        fs::create_dir(at("more")).unwrap();
        fs::write(at("more/b.txt"), "cd".repeat(40)).unwrap();
        assert_eq!(bounded(folder.path(), 160, 3).unwrap().len(), 2);
        let says = |result: Result<Vec<Document>>, words: &[&str]| {
            let text = result.unwrap_err().to_string();
            words.iter().for_each(|word| assert!(text.contains(word), "{word:?}: {text}"));
        };
        says(bounded(&at("a.txt"), 79, 3), &["a.txt", "80 bytes", "79 bytes"]);
        says(bounded(folder.path(), 159, 3), &["b.txt", "more than 159 bytes", "smaller"]);
        says(bounded(folder.path(), 160, 2), &["more than 2 files", "smaller folder"]);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_plain_file_is_passed_over_or_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("a.txt"), "ab").unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        std::os::unix::fs::symlink(folder.path(), at("back")).unwrap();
        std::os::unix::fs::symlink("circle", at("circle")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("zero")).unwrap();
        let found = documents(folder.path()).unwrap();
        assert_eq!(found.len(), 1, "{found:?}");
        for (name, what) in [("socket", "a socket"), ("zero", "a device")] {
            let text = documents(&at(name)).unwrap_err().to_string();
            assert!(
                text.contains(name) && text.contains(what) && text.contains("UTF-8 text"),
                "{text}"
            );
        }
        assert!(documents(&at("circle")).is_err());
    }
}
