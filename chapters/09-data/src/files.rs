//! Reading a text from disk, and writing a file so that it is whole or not there.

use crate::error::{DataError, Result};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// One text file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub text: String,
}

fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> DataError {
    move |source| DataError::Io { action, path: path.to_owned(), source }
}

/// Writes `bytes` to `path` by way of a temporary file beside it, which is renamed at the end.
///
/// Whoever reads `path` sees the old content or the new, never half of it, and a full disk
/// leaves the old file as it was.
///
/// # Errors
/// [`DataError::Io`] if the folder cannot be written; the temporary file is then removed.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = fs::File::create(&temporary).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&temporary, path)).map_err(|source| {
        let _ = fs::remove_file(&temporary);
        DataError::Io { action: "write", path: path.to_owned(), source }
    })
}

/// The text files at `path`: the file itself, or every text file below a folder, sorted by path.
/// In a folder, binary, empty and hidden files are passed over; a file that was named must be text.
pub(crate) fn documents(path: &Path) -> Result<Vec<Document>> {
    let kind = fs::metadata(path).map_err(|source| match source.kind() {
        std::io::ErrorKind::NotFound => DataError::Missing { path: path.to_owned() },
        _ => DataError::Io { action: "read", path: path.to_owned(), source },
    })?;
    let documents = if kind.is_dir() {
        let mut files = Vec::new();
        list(path, &mut files)?;
        files.sort();
        let mut skipped = 0;
        let mut found = Vec::new();
        for file in files {
            match read(&file) {
                Ok(text) if !text.is_empty() => found.push(Document { text }),
                Ok(_) | Err(DataError::NotText { .. }) => skipped += 1,
                Err(other) => return Err(other),
            }
        }
        if found.is_empty() {
            return Err(DataError::NoText { path: path.to_owned(), skipped });
        }
        found
    } else {
        vec![Document { text: read(path)? }]
    };
    check_variety(path, &documents)?;
    Ok(documents)
}

/// The pages of this project's book, a document each.
pub(crate) fn book() -> Result<Vec<Document>> {
    let pages = strata_book::pages().map_err(io("read", Path::new(strata_book::FOLDER)))?;
    Ok(pages.into_iter().map(|text| Document { text }).collect())
}

/// Every file below a folder. Links to folders are not followed: they may lead back.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder).map_err(io("read", folder))? {
        let entry = entry.map_err(io("read", folder))?;
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        let path = entry.path();
        let kind = entry.file_type().map_err(io("read", &path))?;
        if kind.is_dir() {
            list(&path, files)?;
        } else if path.is_file() {
            files.push(path);
        }
    }
    Ok(())
}

/// A file's text. A zero byte is valid UTF-8, but no text has one.
fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(io("read", path))?;
    let fault = |at: usize, byte: u8| DataError::NotText { path: path.to_owned(), at, byte };
    if let Some(at) = bytes.iter().position(|&byte| byte == 0) {
        return Err(fault(at, 0));
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        fault(at, error.as_bytes()[at])
    })
}

/// There is a text, and it is more than one character repeated.
fn check_variety(path: &Path, documents: &[Document]) -> Result<()> {
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
