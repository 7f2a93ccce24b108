use crate::{Error, Result};
use std::fs::{self, File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

const NAME: &str = ".strata.lock";

/// One writer in a folder, as long as this is held. The system lets go of it when the process ends,
/// however that happens.
#[derive(Debug)]
pub struct Lock {
    /// None on file systems without locks.
    held: Option<(File, PathBuf)>,
    folder: PathBuf,
}

impl Lock {
    /// Takes the folder, which is there.
    ///
    /// # Errors
    /// Another process, or another trainer of this one, has it; or nothing can be written there.
    pub fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        loop {
            let mut how = File::options();
            how.create(true).truncate(false).read(true).write(true);
            let mut file = how.open(&path).map_err(Error::io("lock", folder))?;
            match file.try_lock() {
                Err(TryLockError::WouldBlock) => {
                    return Err(Error::Locked {
                        folder: folder.to_path_buf(),
                        who: owner(&mut file),
                    });
                }
                // Some network file systems have no locks; most readers have one run.
                Err(TryLockError::Error(_)) => {
                    return Ok(Lock { held: None, folder: folder.to_path_buf() });
                }
                Ok(()) => {}
            }
            // Its last holder may have removed the file while we waited for it.
            if !same(&file, &path) {
                continue;
            }
            // Only for the words of whoever comes next.
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = writeln!(file, "{}", crate::process());
            return Ok(Lock { held: Some((file, path)), folder: folder.to_path_buf() });
        }
    }

    /// The folder that is locked.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some((file, path)) = self.held.take() {
            // While it is still locked: whoever opened it meanwhile sees that it is gone.
            if cfg!(unix) {
                let _ = fs::remove_file(path);
            }
            let _ = file.unlock();
        }
    }
}

fn owner(file: &mut File) -> String {
    let mut text = String::new();
    // Where a file is locked for others, some systems do not let them read it either.
    let _ = Read::take(file, 32).read_to_string(&mut text);
    match text.trim().parse::<u32>() {
        Ok(pid) if pid == crate::process() => "another run of this process".into(),
        Ok(pid) => format!("process {pid}"),
        Err(_) => "another process".into(),
    }
}

#[cfg(unix)]
fn same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let id = |about: &fs::Metadata| (about.dev(), about.ino());
    matches!((file.metadata(), fs::metadata(path)), (Ok(a), Ok(b)) if id(&a) == id(&b))
}

#[cfg(not(unix))]
fn same(_: &File, _: &Path) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_nothing_left_behind() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let message = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(message.contains("another run of this process"), "{message}");
        drop(first);
        drop(Lock::take(folder.path()).unwrap());
        if cfg!(unix) {
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        }
        assert!(Lock::take(&folder.path().join("nowhere")).unwrap_err().is_not_found());
    }

    #[test]
    fn many_that_want_it_never_have_it_together() {
        use std::sync::atomic::{AtomicU32, Ordering};
        let folder = tempfile::tempdir().unwrap();
        let inside = AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..200 {
                        let Ok(lock) = Lock::take(folder.path()) else { continue };
                        assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                        std::thread::yield_now();
                        inside.fetch_sub(1, Ordering::SeqCst);
                        drop(lock);
                    }
                });
            }
        });
    }
}
