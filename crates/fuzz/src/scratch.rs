use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

/// An empty folder for one input. The next call empties it again, so that what an input left behind
/// can still be looked at.
///
/// # Panics
/// There is no room in the folder for temporary files; no input is to blame for that.
pub fn scratch() -> PathBuf {
    thread_local! {
        static FOLDER: RefCell<Option<tempfile::TempDir>> = const { RefCell::new(None) };
    }
    FOLDER.with_borrow_mut(|slot| {
        let folder = slot.get_or_insert_with(|| {
            tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"))
        });
        let path = folder.path().join("case");
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        path
    })
}
