use super::trainer::{TrainerFile, digest};
use crate::{Error, Result};
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use strata_files::{current, read};

/// The largest file of weights that is read: more than any machine's memory.
const MOST: u64 = 1 << 42;

/// Tries, and the time between two, when a run saves while its folder is read.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_millis(25);

/// The files of one save, as bytes.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// What `trainer.json` says, if Strata saved it.
    pub trainer: Option<TrainerFile>,
    bytes: Vec<Vec<u8>>,
}

impl Snapshot {
    /// Reads these files of a folder, each checked against its checksum. A run that saves there
    /// meanwhile is waited for: what is returned belongs together.
    ///
    /// # Errors
    /// A file that is missing or damaged.
    pub fn read(folder: &Path, names: &[&str]) -> Result<Self> {
        if !folder.is_dir() {
            return Err(Error::checkpoint(folder, "there is no such folder"));
        }
        let mut trainer = TrainerFile::read_if_there(folder)?;
        for _ in 0..TRIES {
            let found = Snapshot::once(folder, names, trainer.as_ref());
            if found.is_ok() {
                return found.map(|bytes| Snapshot { trainer, bytes });
            }
            // Only a trainer.json that has changed since explains it.
            sleep(PAUSE);
            let now = TrainerFile::read_if_there(folder)?;
            if now == trainer {
                return found.map(|bytes| Snapshot { trainer, bytes });
            }
            trainer = now;
        }
        let reason = "it is saved to faster than it can be read; stop that run first";
        Err(Error::checkpoint(folder, reason))
    }

    fn once(folder: &Path, names: &[&str], trainer: Option<&TrainerFile>) -> Result<Vec<Vec<u8>>> {
        let one = |name: &&str| {
            let bytes = read_current(folder, name, MOST)?;
            match trainer.and_then(|t| t.sha256(name)) {
                Some(want) if digest(&bytes) != want => Err(damaged(&folder.join(name))),
                _ => Ok(bytes),
            }
        };
        names.iter().map(one).collect()
    }

    /// The bytes of the first of them, of the second, and so on.
    #[expect(
        clippy::indexing_slicing,
        reason = "callers take what they have named, one byte string each"
    )]
    pub fn take(&mut self, place: usize) -> Vec<u8> {
        std::mem::take(&mut self.bytes[place])
    }
}

/// Reads the current file of that name. Between the look and the read a save may have moved it to its
/// place, where there is always one from then on.
pub(super) fn read_current(folder: &Path, name: &str, most: u64) -> strata_files::Result<Vec<u8>> {
    match read(&current(folder, name), most) {
        Err(error) if error.is_not_found() => read(&folder.join(name), most),
        found => found,
    }
}

fn damaged(path: &Path) -> Error {
    let reason = "its bytes are not those that were saved (checksum of trainer.json): the file is \
                  damaged, was changed, or belongs to another run";
    Error::checkpoint(path, reason)
}
