use crate::{Error, Kind, Result, disk, kind};
use std::io::{self, Seek, SeekFrom};
use std::path::Path;

/// Adds `bytes` to a file that only grows, after its first `keep` bytes: what stands behind them,
/// such as half a line from a process that was killed, goes. Returns the new length. The cost is
/// that of `bytes`, however long the file is; if it fails, the first `keep` bytes are as they were.
///
/// # Errors
/// No room, no right, something special in its place.
pub fn append(path: &Path, keep: u64, bytes: &[u8]) -> Result<u64> {
    let fail = Error::io("write", path);
    let new = match kind(path) {
        Ok(Kind::File) => false,
        Ok(kind) => return Err(Error::Special { path: path.to_path_buf(), kind }),
        Err(e) if e.is_not_found() => true,
        Err(e) => return Err(e),
    };
    let write = || -> io::Result<u64> {
        let mut file = disk::open_to_grow(path)?;
        // Whoever made it shorter meanwhile has lost those lines; the rest must not stand in a gap.
        let keep = keep.min(file.metadata()?.len());
        disk::truncate(&file, keep)?;
        file.seek(SeekFrom::Start(keep))?;
        disk::write(&mut file, bytes)?;
        disk::sync(&file)?;
        if new {
            disk::sync_folder(disk::parent(path))?;
        }
        Ok(keep + bytes.len() as u64)
    };
    write().map_err(fail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault;
    use std::fs;

    #[test]
    fn what_is_kept_stays_at_every_failing_call() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("log.jsonl");
        let (done, calls) = fault::with(None, || append(&file, 0, b"one\n").unwrap());
        assert_eq!((done, fs::read(&file).unwrap()), (4, b"one\n".to_vec()));
        assert!(calls >= 5, "{calls}");
        for at in 1..=calls {
            fs::write(&file, "one\ntw").unwrap();
            let plan = format!("enospc@{at}").parse().unwrap();
            let (done, _) = fault::with(Some(plan), || append(&file, 4, b"two\n"));
            let now = fs::read_to_string(&file).unwrap();
            assert!(now.starts_with("one\n"), "{at}: {now}");
            // A file that was there needs its folder's sync no more.
            assert_eq!(done.is_ok(), at == calls, "{at}");
        }
        assert_eq!(append(&file, 4, b"2\n").unwrap(), 6);
        assert_eq!(append(&file, 100, b"3\n").unwrap(), 8);
        assert_eq!(fs::read_to_string(&file).unwrap(), "one\n2\n3\n");
        let folder = append(folder.path(), 0, b"x").unwrap_err().to_string();
        assert!(folder.contains("a folder, not a plain file"), "{folder}");
    }
}
