//! The calls that change the disk, each of which a test can make fail.

use crate::fault;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// Written at a time: a disk may fill up, and a process may die, in the middle of a file.
pub const PIECE: usize = 1 << 20;

/// Makes a file that was not there: whoever put a link in its place gets nothing of ours.
pub fn create(path: &Path) -> io::Result<File> {
    fault::call()?;
    OpenOptions::new().write(true).create_new(true).open(path)
}

/// Opens a file that grows, or makes it, without waiting for what may stand in its place by now.
pub fn open_to_grow(path: &Path) -> io::Result<File> {
    fault::call()?;
    without_waiting(OpenOptions::new().write(true).create(true).truncate(false)).open(path)
}

/// What is behind the first `keep` bytes goes.
pub fn truncate(file: &File, keep: u64) -> io::Result<()> {
    fault::call()?;
    file.set_len(keep)
}

pub fn write(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    for piece in bytes.chunks(PIECE) {
        fault::call()?;
        file.write_all(piece)?;
    }
    Ok(())
}

/// A file whose every piece is a call that can fail.
pub struct Pieces<'a>(pub &'a mut File);

impl Write for Pieces<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write(self.0, bytes).map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn sync(file: &File) -> io::Result<()> {
    fault::call()?;
    file.sync_all()
}

pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::call()?;
    fs::rename(from, to)
}

pub fn make_folder(path: &Path) -> io::Result<()> {
    fault::call()?;
    fs::create_dir(path)
}

pub fn remove_folder(path: &Path) -> io::Result<()> {
    fault::call()?;
    fs::remove_dir(path)
}

/// Names in a folder are on the disk once the folder is. Windows writes them by itself.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    fault::call()?;
    #[cfg(unix)]
    match File::open(path)?.sync_all() {
        // Some network file systems cannot; then nobody can promise it.
        Err(e) if matches!(e.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {}
        done => done?,
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A folder as a path that can be opened: `.` for the empty one, which the parent of a bare name is.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// What turned into a pipe or a device since it was looked at must not hold us up.
#[cfg(unix)]
pub fn without_waiting(how: &mut OpenOptions) -> &mut OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    how.custom_flags(flags.bits().cast_signed())
}

#[cfg(not(unix))]
pub fn without_waiting(how: &mut OpenOptions) -> &mut OpenOptions {
    how
}
