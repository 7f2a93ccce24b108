use std::cell::RefCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// An empty folder for one input. The next call empties it again, so that what an input left behind
/// can still be looked at.
///
/// # Panics
/// There is no room in the folder for temporary files; no input is to blame for that.
pub fn scratch() -> PathBuf {
    thread_local! {
        static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
    }
    FOLDER.with_borrow_mut(|slot| {
        let folder = slot.get_or_insert_with(|| {
            temporary().unwrap_or_else(|e| panic!("no temporary folder: {e}"))
        });
        let path = folder.path().join("case");
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        path
    })
}

/// A folder in memory where the system has one: most inputs are files, and a disk is slow.
///
/// # Errors
/// There is no room.
pub fn temporary() -> io::Result<TempDir> {
    // Whoever names a place means it.
    let memory = Path::new("/dev/shm");
    match std::env::var_os("TMPDIR").is_none() && memory.is_dir() {
        true => TempDir::new_in(memory).or_else(|_| TempDir::new()),
        false => TempDir::new(),
    }
}
