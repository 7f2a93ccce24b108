use crate::{Error, Kind, Result, disk};
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// What stands at a path, links followed.
///
/// # Errors
/// Nothing, or it cannot be looked at.
pub fn kind(path: &Path) -> Result<Kind> {
    Ok(Kind::of(fs::metadata(path).map_err(Error::io("read", path))?.file_type()))
}

/// A plain file to be read piece by piece.
///
/// # Errors
/// It is missing, or no plain file.
pub fn open(path: &Path) -> Result<File> {
    let special = |kind| Error::Special { path: path.to_path_buf(), kind };
    // Looked at before it is opened: opening a device or a pipe does things.
    match kind(path)? {
        Kind::File => {}
        other => return Err(special(other)),
    }
    let fail = Error::io("read", path);
    let file = disk::without_waiting(OpenOptions::new().read(true)).open(path).map_err(fail)?;
    let about = file.metadata().map_err(Error::io("read", path))?;
    match about.is_file() {
        true => Ok(file),
        false => Err(special(Kind::of(about.file_type()))),
    }
}

/// The bytes of a plain file, `most` at most.
///
/// # Errors
/// It is missing, no plain file, or larger.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>> {
    let special = |kind| Error::Special { path: path.to_path_buf(), kind };
    let file = open(path)?;
    let about = file.metadata().map_err(Error::io("read", path))?;
    let too_large = |size| Error::TooLarge { path: path.to_path_buf(), size, most };
    if about.len() > most {
        return Err(too_large(about.len()));
    }
    // Where addresses have 32 bits, a file may be larger than all of them.
    let room = usize::try_from(about.len()).map_err(|_| too_large(about.len()))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(room).map_err(|_| too_large(about.len()))?;
    // Files that the system makes up as they are read say that they have no bytes, and may not end.
    let made_up = about.len() == 0;
    let bound = if made_up { most.min(1 << 20) } else { most };
    let done = file.take(bound.saturating_add(1)).read_to_end(&mut bytes);
    done.map_err(|source| match source.kind() {
        std::io::ErrorKind::WouldBlock => special(Kind::Other),
        _ => Error::Io { action: "read", path: path.to_path_buf(), source },
    })?;
    match bytes.len() as u64 > bound {
        true if made_up => Err(special(Kind::Other)),
        true => Err(too_large(bytes.len() as u64)),
        false => Ok(bytes),
    }
}

/// The text of a plain file, `most` bytes at most.
///
/// # Errors
/// As [`read`]; or the bytes are not UTF-8.
pub fn read_text(path: &Path, most: u64) -> Result<String> {
    String::from_utf8(read(path, most)?).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::NotText { path: path.to_path_buf(), at }
    })
}
