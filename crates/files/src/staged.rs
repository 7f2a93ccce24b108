use crate::write::temporary;
use crate::{Error, Kind, Result, disk, make_folder};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The subfolder of files that are current and not yet in their places.
const COMMIT: &str = ".commit";

/// Files of one folder that change together: all of them or none, whenever the process or the power
/// is lost.
///
/// They are written into a subfolder first. One rename of that subfolder, to `.commit`, is the
/// moment in which all of them become current; from then on a file of `.commit` counts, not the one
/// in its place ([`current`]). Then they are moved to their places one by one, which any later
/// writer can finish ([`finish`]): it needs no room and loses nothing if it is broken off.
///
/// The caller holds the folder's [`Lock`](crate::Lock).
#[derive(Debug)]
pub struct Staged {
    folder: PathBuf,
    /// None once it is committed.
    stage: Option<PathBuf>,
}

impl Staged {
    /// Files for `folder`, which is made if it is not there. Finishes what an earlier save began.
    ///
    /// # Errors
    /// The folder cannot be made or written.
    pub fn new(folder: &Path) -> Result<Self> {
        make_folder(folder)?;
        finish(folder)?;
        let stage = folder.join(temporary("save"));
        disk::make_folder(&stage).map_err(Error::io("create", &stage))?;
        Ok(Staged { folder: folder.to_path_buf(), stage: Some(stage) })
    }

    /// Writes one file, to the disk.
    ///
    /// # Errors
    /// No room, or no right to write.
    pub fn add(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let Some(stage) = &self.stage else { return Ok(()) };
        let write = || -> io::Result<()> {
            let mut file = disk::create(&stage.join(name))?;
            disk::write(&mut file, bytes)?;
            disk::sync(&file)
        };
        write().map_err(Error::io("write", &self.folder.join(name)))
    }

    /// Makes all of them current.
    ///
    /// # Errors
    /// Before that moment: everything is as it was. [`Error::Unmoved`]: they are current, and still
    /// in `.commit`.
    pub fn commit(mut self) -> Result<()> {
        let Some(stage) = self.stage.clone() else { return Ok(()) };
        let commit = self.folder.join(COMMIT);
        disk::sync_folder(&stage).map_err(Error::io("write", &self.folder))?;
        disk::rename(&stage, &commit).map_err(Error::io("write", &self.folder))?;
        self.stage = None;
        let unmoved =
            |source| Error::Unmoved { folder: self.folder.clone(), source: Box::new(source) };
        disk::sync_folder(&self.folder)
            .map_err(Error::io("write", &self.folder))
            .and_then(|()| finish(&self.folder))
            .map_err(unmoved)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if let Some(stage) = &self.stage {
            let _ = fs::remove_dir_all(stage);
        }
    }
}

/// Where the current file of that name is: in `.commit` while a save is being moved, else in its
/// place.
pub fn current(folder: &Path, name: &str) -> PathBuf {
    let commit = folder.join(COMMIT);
    let waiting = commit.join(name);
    let ours = fs::symlink_metadata(commit).is_ok_and(|about| about.is_dir());
    if ours && waiting.is_file() { waiting } else { folder.join(name) }
}

/// Moves the files of a save that was broken off to their places.
///
/// # Errors
/// The system refuses a move; nothing is lost, and the next try goes on there.
pub fn finish(folder: &Path) -> Result<()> {
    let commit = folder.join(COMMIT);
    match fs::symlink_metadata(&commit).map(|about| Kind::of(about.file_type())) {
        Ok(Kind::Folder) => {}
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(e) => return Err(Error::io("read", &commit)(e)),
        // A link would have us move files out of a folder that is not ours.
        Ok(kind) => return Err(Error::Special { path: commit, kind }),
    }
    let mut names = Vec::new();
    for entry in fs::read_dir(&commit).map_err(Error::io("read", &commit))? {
        let entry = entry.map_err(Error::io("read", &commit))?;
        match entry.file_type().map(Kind::of) {
            Ok(Kind::File) => names.push(entry.file_name()),
            Ok(kind) => return Err(Error::Special { path: entry.path(), kind }),
            Err(e) => return Err(Error::io("read", &entry.path())(e)),
        }
    }
    // The same order on every machine.
    names.sort();
    for name in &names {
        let place = folder.join(name);
        disk::rename(&commit.join(name), &place).map_err(Error::io("write", &place))?;
    }
    disk::sync_folder(folder).map_err(Error::io("write", folder))?;
    disk::remove_folder(&commit).map_err(Error::io("remove", &commit))?;
    disk::sync_folder(folder).map_err(Error::io("write", folder))
}
