use crate::{Error, Kind, Result, disk};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Makes a folder and those above it, and sees to it that they stay.
///
/// # Errors
/// It cannot be made.
pub fn make_folder(path: &Path) -> Result<()> {
    match fs::metadata(path).map(|about| Kind::of(about.file_type())) {
        Ok(Kind::Folder) => return Ok(()),
        Ok(kind) => return Err(Error::NoFolder { path: path.to_path_buf(), kind }),
        // Such a path may have 60,000 names: to ask for each above it would use up the stack.
        Err(e) if e.kind() == io::ErrorKind::InvalidFilename => {
            return Err(Error::io("create", path)(e));
        }
        Err(_) => {}
    }
    let above = disk::parent(path);
    if above != Path::new(".") {
        make_folder(above)?;
    }
    match disk::make_folder(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        done => done.map_err(Error::io("create", path)),
    }?;
    disk::sync_folder(above).map_err(Error::io("create", path))
}

/// Writes a file under another name, then gives it its own: whoever reads it sees the old content or
/// the new, never half of it, and what was there stays when the disk is full. A link keeps being
/// one: the file that it leads to is replaced. Into a pipe or a device the bytes are written as they
/// are.
///
/// # Errors
/// No room, no right, a folder in its place, a pipe that nobody reads.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// As [`write()`], what `fill` puts into it, which need not fit in memory.
///
/// # Errors
/// As [`write()`], and those of `fill`.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
    let fail = Error::io("write", path);
    match fs::metadata(path).map(|about| Kind::of(about.file_type())) {
        Ok(Kind::File) => {}
        Ok(Kind::Folder) => {
            return Err(Error::Special { path: path.to_path_buf(), kind: Kind::Folder });
        }
        Ok(_) => return pour(path, fill).map_err(fail),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        Err(e) => return Err(fail(e)),
    }
    replace(&target(path).map_err(Error::io("write", path))?, fill).map_err(fail)
}

/// The file that a chain of links leads to, there or not.
fn target(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_path_buf();
    for _ in 0..40 {
        match fs::read_link(&path) {
            Ok(next) => path = disk::parent(&path).join(next),
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("its links lead in a circle"))
}

fn replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let name = path.file_name().ok_or_else(|| io::Error::other("it names no file"))?;
    let folder = disk::parent(path);
    let temporary = folder.join(temporary(&name.to_string_lossy()));
    let written = || -> io::Result<()> {
        let mut file = disk::create(&temporary)?;
        if let Ok(about) = fs::metadata(path) {
            file.set_permissions(about.permissions())?;
        }
        let mut pieces = BufWriter::with_capacity(disk::PIECE, disk::Pieces(&mut file));
        fill(&mut pieces)?;
        pieces.flush()?;
        drop(pieces);
        disk::sync(&file)?;
        drop(file);
        disk::rename(&temporary, path)?;
        disk::sync_folder(folder)
    };
    written().inspect_err(|_| {
        let _ = fs::remove_file(&temporary);
    })
}

/// A name that no other write uses, and that [`sweep`](crate::sweep) knows.
pub(crate) fn temporary(name: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!(".{name}.{}-{count}.tmp", crate::process())
}

fn pour(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut file = BufWriter::new(open(path)?);
    fill(&mut file)?;
    file.flush()
}

/// Opens a pipe only if somebody reads it.
#[cfg(unix)]
fn open(path: &Path) -> io::Result<File> {
    use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
    use std::os::unix::fs::OpenOptionsExt;
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let open = File::options().write(true).custom_flags(flags.bits().cast_signed()).open(path);
    let file = open.map_err(|e| match e.raw_os_error() {
        Some(code) if code == rustix::io::Errno::NXIO.raw_os_error() => {
            io::Error::other("it is a pipe that nobody reads")
        }
        _ => e,
    })?;
    fcntl_setfl(&file, fcntl_getfl(&file)? - OFlags::NONBLOCK)?;
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path) -> io::Result<File> {
    File::options().write(true).open(path)
}
