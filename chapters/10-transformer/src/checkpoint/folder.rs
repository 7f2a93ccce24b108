use crate::{Error, Result};
use std::path::Path;
use strata_files::{Lock, Staged, finish, make_folder, sweep};

/// A run's folder, in which nobody else saves as long as this is held.
#[derive(Debug)]
pub struct RunFolder {
    lock: Lock,
}

impl RunFolder {
    /// Takes the folder, and makes it if it is not there. A save that was broken off in the middle
    /// is finished first, and what dead processes left half-written is removed.
    ///
    /// # Errors
    /// Another run has it; it cannot be written.
    pub fn open(folder: &Path) -> Result<Self> {
        make_folder(folder)?;
        let lock = Lock::take(folder)?;
        finish(folder)?;
        sweep(folder);
        Ok(RunFolder { lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.lock.folder()
    }

    /// Files that become current together.
    pub(crate) fn stage(&self) -> Result<Staged> {
        Ok(Staged::new(self.path())?)
    }

    /// A model without a trainer's state must not stand beside the state of another.
    pub(crate) fn expect_no_run(&self) -> Result<()> {
        if !strata_files::current(self.path(), "trainer.json").exists() {
            return Ok(());
        }
        let reason = "it holds a run (trainer.json), and its optimizer's state would not belong to \
                      these weights: save the model into another folder, or the run itself";
        Err(Error::checkpoint(self.path(), reason))
    }
}
