//! The system tells when a file changes. Folders are watched, not files: most editors write a new
//! file and give it the old name.

use super::event::Event;
use crate::failure::{Failure, Outcome};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;
use strata_grader::catalog::Exercise;

/// The folders that are watched.
pub struct Folders {
    watcher: RecommendedWatcher,
    root: PathBuf,
    exercises: Vec<&'static str>,
}

impl Folders {
    /// Watches the folders of these exercises, and the one that holds them.
    ///
    /// # Errors
    /// The system refuses.
    pub fn watch(
        root: &Path,
        exercises: impl Iterator<Item = &'static Exercise>,
        send: Sender<Event>,
    ) -> Outcome<Folders> {
        let tell = move |event: notify::Result<notify::Event>| {
            let event = match event {
                Ok(event) if event.need_rescan() => Event::Lost,
                Ok(event) if changes(&event.kind) => Event::Changed(event.paths),
                Ok(_) => return,
                Err(error) => Event::Blind(error.to_string()),
            };
            // Nobody listens any more: the program ends.
            let _ = send.send(event);
        };
        let mut watcher = notify::recommended_watcher(tell).map_err(|e| refused(root, &e))?;
        watcher.watch(root, RecursiveMode::NonRecursive).map_err(|e| refused(root, &e))?;
        let mut folders = Folders {
            watcher,
            root: root.to_path_buf(),
            exercises: exercises.map(|e| e.name).collect(),
        };
        for name in folders.exercises.clone() {
            folders.add(name)?;
        }
        Ok(folders)
    }

    /// An exercise that came, or came back, is watched from now on.
    ///
    /// # Errors
    /// The system refuses.
    pub fn follow(&mut self, changed: &[PathBuf]) -> Outcome<()> {
        let came = |name: &&'static str| changed.iter().any(|path| *path == self.root.join(name));
        let came: Vec<&str> = self.exercises.iter().copied().filter(came).collect();
        for name in came {
            // What was watched under that name may be another folder by now.
            let _ = self.watcher.unwatch(&self.root.join(name));
            self.add(name)?;
        }
        Ok(())
    }

    fn add(&mut self, name: &str) -> Outcome<()> {
        let folder = self.root.join(name);
        if !folder.is_dir() {
            return Ok(());
        }
        let watched = self.watcher.watch(&folder, RecursiveMode::Recursive);
        watched.map_err(|error| refused(&folder, &error))
    }
}

fn refused(folder: &Path, error: &notify::Error) -> Failure {
    let folder = folder.display();
    let more = match error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            ". The system watches no more files: close other programs that do, or raise \
             fs.inotify.max_user_watches"
        }
        _ => ". `cargo strata check` judges without watching",
    };
    Failure::new(format!("{folder} cannot be watched: {error}{more}"))
}

/// Whether something was written, moved or removed. A judge that reads a file is no news.
fn changes(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => true,
        EventKind::Access(_) | EventKind::Other => false,
        EventKind::Modify(ModifyKind::Metadata(_)) => false,
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    /// Everything that is told until nothing more is.
    fn heard(events: &Receiver<Event>) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        while let Ok(event) = events.recv_timeout(Duration::from_millis(300)) {
            if let Event::Changed(more) = event {
                paths.extend(more);
            }
        }
        paths
    }

    #[test]
    fn every_way_to_save_is_noticed_and_reading_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let exercise = strata_grader::catalog::find("ex03").unwrap();
        let shaders = root.join(exercise.name).join("shaders");
        fs::create_dir_all(&shaders).unwrap();
        let file = shaders.join("a.wgsl");
        fs::write(&file, "1").unwrap();
        let (send, events) = channel();
        let mut folders = Folders::watch(&root, std::iter::once(exercise), send).unwrap();
        heard(&events);

        fs::write(&file, "2").unwrap();
        assert!(heard(&events).contains(&file), "written in place");

        fs::write(shaders.join(".a.wgsl.tmp"), "3").unwrap();
        fs::rename(shaders.join(".a.wgsl.tmp"), &file).unwrap();
        assert!(heard(&events).contains(&file), "renamed over");

        fs::rename(&file, shaders.join("a.wgsl~")).unwrap();
        fs::write(&file, "4").unwrap();
        assert!(heard(&events).contains(&file), "the old one moved away first");

        fs::read_to_string(&file).unwrap();
        assert_eq!(heard(&events), Vec::<PathBuf>::new());

        fs::remove_dir_all(root.join(exercise.name)).unwrap();
        assert!(!heard(&events).is_empty());
        fs::create_dir_all(&shaders).unwrap();
        let came = heard(&events);
        folders.follow(&came).unwrap();
        fs::write(&file, "5").unwrap();
        assert!(heard(&events).contains(&file), "an exercise that came back");
    }
}
