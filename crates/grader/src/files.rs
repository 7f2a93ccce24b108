//! Files that are written whole or not at all, and hashes that no line ending changes.

use crate::{Error, Result};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// A text's SHA-256 in hexadecimal; git may have changed its line endings.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(plain(bytes)).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes with `\n` for every `\r\n`.
pub(crate) fn plain(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    let mut plain = Vec::with_capacity(bytes.len());
    for (i, &byte) in bytes.iter().enumerate() {
        if byte != b'\r' || bytes.get(i + 1) != Some(&b'\n') {
            plain.push(byte);
        }
    }
    Cow::Owned(plain)
}

/// The largest file that is read: no answer is larger.
const LARGEST: u64 = 4 << 20;

/// The file's bytes; `None` if there is no such file. A pipe, a device or a folder in its place is
/// an error at once: reading it might never end.
///
/// # Errors
/// It is no plain file, too large, or cannot be read.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match strata_files::read(path, LARGEST) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(strata_files::Error::Io { source, .. }) if absent(source.kind()) => {
            match fs::symlink_metadata(path).is_ok_and(|about| about.is_symlink()) {
                true => Err(Error::io("read", path, "it is a link that leads nowhere")),
                false => Ok(None),
            }
        }
        Err(error) => Err(of_files("read", path, error)),
    }
}

fn absent(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// The file's text; `None` if there is no such file.
///
/// # Errors
/// As [`read`], and if it is not UTF-8.
pub fn read_text(path: &Path) -> Result<Option<String>> {
    let Some(bytes) = read(path)? else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|_| Error::io("read", path, "it is not UTF-8"))
}

/// Makes the folder and those above it.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    strata_files::make_folder(path).map_err(|e| of_files("make the folder", path, e))
}

/// Writes the file whole or not at all, and the folders that it needs.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    make_folder(path.parent().unwrap_or(Path::new(".")))?;
    strata_files::write(path, bytes).map_err(|e| of_files("write", path, e))
}

fn of_files(doing: &'static str, path: &Path, error: strata_files::Error) -> Error {
    match error {
        strata_files::Error::Io { source, .. } => Error::io(doing, path, source),
        error => Error::Unfit(error.to_string()),
    }
}

/// `path` if nothing is there, else `path2`, `path3`, ...
pub(crate) fn free(path: &Path) -> PathBuf {
    let numbered = |n: u32| {
        let mut name = path.as_os_str().to_os_string();
        name.push(n.to_string());
        PathBuf::from(name)
    };
    let taken = |path: &PathBuf| fs::symlink_metadata(path).is_ok();
    let mut names = std::iter::once(path.to_path_buf()).chain((2..).map(numbered));
    names.find(|name| !taken(name)).unwrap_or_else(|| path.to_path_buf())
}

/// Every file below `root`, as sorted paths relative to it with `/` between the parts.
///
/// # Errors
/// A folder cannot be listed.
pub fn walk(root: &Path) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) => return Err(Error::io("list", &folder, e)),
        };
        for entry in entries {
            let entry = entry.map_err(|e| Error::io("list", &folder, e))?;
            let path = format!("{prefix}{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push((entry.path(), format!("{path}/"))),
                _ => files.push(path),
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_endings_make_no_difference() {
        assert_eq!(hash(b"a\r\nb\n"), hash(b"a\nb\n"));
        assert_ne!(hash(b"a\rb"), hash(b"ab"));
        assert!(hash(b"").starts_with("e3b0c442"));
    }

    #[test]
    fn what_is_no_plain_file_is_refused_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |path: &Path, says: &str| {
            let error = read(path).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        };
        refused(folder.path(), "a folder");
        let large = folder.path().join("large");
        fs::File::create(&large).unwrap().set_len(1 << 40).unwrap();
        refused(&large, "1099511627776 bytes");
        assert_eq!(read(&folder.path().join("none")).unwrap(), None);
        #[cfg(unix)]
        {
            let link = |to: &str| {
                let link = folder.path().join("link");
                let _ = fs::remove_file(&link);
                std::os::unix::fs::symlink(to, &link).unwrap();
                link
            };
            refused(&link("nowhere"), "leads nowhere");
            refused(&link("link"), "");
            refused(&link("/dev/zero"), "a device, not a plain file");
            let pipe = folder.path().join("pipe");
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
            refused(&pipe, "a named pipe, not a plain file");
            refused(&link("pipe"), "not a plain file");
        }
    }

    #[test]
    fn writing_leaves_nothing_else_behind() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a/b.txt");
        write(&file, b"one").unwrap();
        write(&file, b"two").unwrap();
        assert_eq!(walk(folder.path()).unwrap(), ["a/b.txt"]);
        assert_eq!(read_text(&file).unwrap().unwrap(), "two");
        let below_a_file = file.join("c");
        assert_eq!(read(&below_a_file).unwrap(), None);
        assert!(write(&below_a_file, b"").unwrap_err().to_string().contains("b.txt"));
        assert_eq!(free(&file), folder.path().join("a/b.txt2"));
    }
}
