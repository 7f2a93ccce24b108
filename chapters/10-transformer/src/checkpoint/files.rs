use crate::{Error, Result};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Files that are written under temporary names and take their own names together, once all of
/// them are whole on the disk. Dropped before [`commit`](Self::commit), it leaves nothing behind.
#[derive(Debug)]
pub struct Staged {
    folder: PathBuf,
    waiting: Vec<(PathBuf, PathBuf)>,
}

impl Staged {
    /// Files for `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn new(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::file("create", folder, e))?;
        Ok(Staged { folder: folder.to_path_buf(), waiting: Vec::new() })
    }

    /// Writes one file under its temporary name.
    ///
    /// # Errors
    /// No room, or no right to write.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.folder.join(name);
        let temporary = self.folder.join(format!(".{name}.{}.tmp", std::process::id()));
        self.waiting.push((temporary.clone(), path.clone()));
        let write = || -> std::io::Result<()> {
            let mut file = File::create(&temporary)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|e| Error::file("write", &path, e))
    }

    /// Gives every file its name, in the order they were added.
    ///
    /// # Errors
    /// A name cannot be taken.
    pub fn commit(mut self) -> Result<()> {
        for (temporary, path) in std::mem::take(&mut self.waiting) {
            fs::rename(&temporary, &path).map_err(|e| Error::file("write", &path, e))?;
        }
        Ok(())
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        for (temporary, _) in &self.waiting {
            let _ = fs::remove_file(temporary);
        }
    }
}
