//! Where the reader's exercises are: in Strata's clone, or in a folder of the reader's own.

mod workspace;

use crate::tree::{self, Edited, Manifest};
use crate::{Changes, Error, Result, files, given};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The file by which a folder of exercises is known.
pub const FILE: &str = "strata-exercises.toml";

/// The reader's exercises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The folder that holds `ex01-tensor` and the others.
    pub root: PathBuf,
    /// Strata's clone, if it is where it was.
    pub clone: Option<PathBuf>,
    /// Whether the folder is the reader's own, outside of the clone.
    pub outside: bool,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct HomeFile {
    /// The Strata that wrote it.
    version: String,
    clone: PathBuf,
    /// The clone's Cargo.lock as it was copied; cargo changes the copy.
    #[serde(default)]
    lock: String,
    #[serde(default)]
    generated: Manifest,
}

impl Home {
    /// The home that `start` lies in: the nearest folder above it that `init` made, or that is
    /// Strata's clone.
    ///
    /// # Errors
    /// There is none, or its description cannot be read.
    pub fn find(start: &Path) -> Result<Home> {
        let start = std::path::absolute(start).map_err(|e| Error::io("find", start, e))?;
        for folder in start.ancestors() {
            let file = folder.join(FILE);
            if let Some(text) = files::read_text(&file)? {
                let clone = parse(&file, &text)?.clone;
                let clone = is_clone(&clone).then_some(clone);
                return Ok(Home { root: folder.into(), clone, outside: true });
            }
            if is_clone(folder) {
                let root = folder.join("exercises");
                return Ok(Home { root, clone: Some(folder.into()), outside: false });
            }
        }
        Err(Error::NoHome { start: start.display().to_string() })
    }

    /// Makes `dir` a workspace of exercises that builds on `clone`, or brings it up to date: what is
    /// new is added, what nobody touched is replaced, what the reader wrote stays.
    ///
    /// # Errors
    /// The folder is in the clone or holds something else, or a file cannot be read or written.
    pub fn init(dir: &Path, clone: &Path) -> Result<Changes> {
        init(dir, clone, &given::all()?)
    }
}

fn init(dir: &Path, clone: &Path, exercises: &[(String, String)]) -> Result<Changes> {
    let clone = resolved(clone)?;
    if !is_clone(&clone) {
        let reason = "it has no crates/cli of Strata's".into();
        return Err(Error::NotAClone { path: clone.display().to_string(), reason });
    }
    let dir = resolved(dir)?;
    let refuse = |reason: String| Err(Error::BadHome { path: dir.display().to_string(), reason });
    if dir.starts_with(&clone) {
        return refuse(format!(
            "it is inside of Strata's clone, whose own exercises are in {}; name a folder elsewhere",
            clone.join("exercises").display()
        ));
    }
    if exercises.is_empty() {
        return refuse("this build of Strata has no exercises; use one of a clone".into());
    }
    let wanted = [workspace::files(&clone, &dir, exercises)?, exercises.to_vec()].concat();
    let mut home = match open(&dir)? {
        Some(home) => home,
        None if foreign(&dir)? => {
            return refuse("it is not empty; name a folder that is new or empty".into());
        }
        None => HomeFile::default(),
    };
    home.version = env!("CARGO_PKG_VERSION").into();
    home.clone.clone_from(&clone);
    // First of all, so that a folder half made is known as ours.
    save(&dir, &home)?;
    let report = tree::update(&dir, &wanted, &mut home.generated, Edited::Keep);
    let lock = copy_lock(&dir, &clone, &home.lock);
    if let Ok(lock) = &lock {
        home.lock.clone_from(lock);
    }
    save(&dir, &home)?;
    lock.and(report)
}

/// The versions that Strata was tested with. Cargo adds to its copy, so the copy counts as cargo's:
/// it is replaced when the clone's has changed, and the old one kept.
fn copy_lock(dir: &Path, clone: &Path, last: &str) -> Result<String> {
    let (from, to) = (clone.join("Cargo.lock"), dir.join("Cargo.lock"));
    let Some(new) = files::read(&from)? else { return Ok(last.into()) };
    let hash = files::hash(&new);
    let old = files::read(&to)?;
    if old.is_some() && hash == last {
        return Ok(hash);
    }
    if let Some(old) = old.filter(|old| files::hash(old) != last && *old != new) {
        files::write(&files::free(&dir.join("Cargo.lock.old")), &old)?;
    }
    files::write(&to, &new)?;
    Ok(hash)
}

/// The description of a folder that is ours. One that cannot be understood is put aside: then every
/// file counts as edited.
fn open(dir: &Path) -> Result<Option<HomeFile>> {
    let file = dir.join(FILE);
    let Some(bytes) = files::read(&file)? else { return Ok(None) };
    match std::str::from_utf8(&bytes).ok().map(|text| parse(&file, text)) {
        Some(Ok(home)) => Ok(Some(home)),
        _ => {
            files::write(&files::free(&dir.join(format!("{FILE}.bad"))), &bytes)?;
            Ok(Some(HomeFile::default()))
        }
    }
}

fn parse(file: &Path, text: &str) -> Result<HomeFile> {
    let path = file.display().to_string();
    toml::from_str(text).map_err(|e| Error::HomeFile { path, reason: e.to_string() })
}

fn save(dir: &Path, home: &HomeFile) -> Result<()> {
    let file = dir.join(FILE);
    let text = toml::to_string(home).map_err(|e| Error::io("write", &file, e))?;
    let head =
        "# Written by `cargo strata exercises init`, which tells by it what you have edited.\n";
    files::write(&file, format!("{head}{text}").as_bytes())
}

/// Whether a folder holds anything but a fresh git repository.
fn foreign(dir: &Path) -> Result<bool> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(Error::io("list", dir, e)),
    };
    Ok(entries.into_iter().any(|entry| entry.is_ok_and(|entry| entry.file_name() != ".git")))
}

fn is_clone(folder: &Path) -> bool {
    let manifest = std::fs::read_to_string(folder.join("crates/cli/Cargo.toml"));
    manifest.is_ok_and(|text| text.contains("\"strata-cli\""))
}

/// The path without links and `..`; what is not there yet is taken as written.
fn resolved(path: &Path) -> Result<PathBuf> {
    let path = std::path::absolute(path).map_err(|e| Error::io("find", path, e))?;
    // Windows' own form of such a path, `\\?\C:\...`, is not understood by every tool.
    if cfg!(windows) {
        return Ok(path);
    }
    for there in path.ancestors() {
        if let Ok(real) = there.canonicalize() {
            let rest = path.strip_prefix(there).unwrap_or(Path::new(""));
            return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
        }
    }
    Ok(path)
}

#[cfg(test)]
mod tests;
