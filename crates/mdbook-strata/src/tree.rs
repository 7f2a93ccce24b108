//! The repository: its files, and the addresses they are published under.

use crate::fault::{Error, Fault, reason};
use std::fs;
use std::path::{Path, PathBuf};

/// The bytes of a file that a page may show something of; the largest has 120 kB.
const MOST: u64 = 4 << 20;

/// A clone of the repository.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
    repository: String,
}

impl Tree {
    /// The tree whose workspace manifest is `root/Cargo.toml`.
    ///
    /// # Errors
    /// There is no such manifest, or it names no repository.
    pub fn at(root: &Path) -> Result<Self, Error> {
        let none = || Error::NoTree(root.display().to_string());
        let manifest =
            strata_files::read_text(&root.join("Cargo.toml"), MOST).map_err(|_| none())?;
        let manifest: toml::Table = manifest.parse().map_err(|_| none())?;
        let package = manifest.get("workspace").and_then(|w| w.get("package"));
        let repository = package.and_then(|p| p.get("repository")).and_then(|r| r.as_str());
        let repository = repository.ok_or_else(none)?.trim_end_matches('/').to_string();
        Ok(Tree { root: root.to_path_buf(), repository })
    }

    /// The tree that `from` lies in.
    ///
    /// # Errors
    /// It lies in none.
    pub fn above(from: &Path) -> Result<Self, Error> {
        let found = from.ancestors().find_map(|folder| Tree::at(folder).ok());
        found.ok_or_else(|| Error::NoTree(from.display().to_string()))
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where the repository is published.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Where a path of the repository lies, with the links on its way followed.
    ///
    /// # Errors
    /// There is nothing, or it lies elsewhere: `..`, a path from the root, a link that leads out.
    pub fn inside(&self, path: &str) -> Result<PathBuf, Fault> {
        let fail =
            |error: std::io::Error| Fault::Read { path: path.into(), why: error.to_string() };
        let root = fs::canonicalize(&self.root).map_err(fail)?;
        let there = fs::canonicalize(root.join(path)).map_err(fail)?;
        if there.starts_with(root) { Ok(there) } else { Err(Fault::Outside(path.into())) }
    }

    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read, is no plain file, or does not lie in the repository.
    pub fn read(&self, path: &str) -> Result<String, Fault> {
        let read = strata_files::read_text(&self.inside(path)?, MOST);
        read.map_err(|error| Fault::Read { path: path.into(), why: reason(&error) })
    }

    /// The text of a file, if there is one.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read_if_there(&self, path: &str) -> Result<Option<String>, Fault> {
        if self.root.join(path).exists() { self.read(path).map(Some) } else { Ok(None) }
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.inside(path).is_ok()
    }

    /// The published address of a file or folder.
    pub fn address(&self, path: &str) -> String {
        let kind = if self.inside(path).is_ok_and(|p| p.is_dir()) { "tree" } else { "blob" };
        format!("{}/{kind}/main/{}", self.repository, path.trim_end_matches('/'))
    }

    /// A path as seen from the root, with forward slashes: what messages and links show.
    pub fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.display().to_string().replace('\\', "/")
    }

    /// The names in a folder, sorted; none if there is no such folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = self.inside(folder).and_then(|path| {
            let fail =
                |error: std::io::Error| Fault::Read { path: folder.into(), why: error.to_string() };
            fs::read_dir(path).map_err(fail)
        }) else {
            return Vec::new();
        };
        let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
        let mut names: Vec<String> = entries.flatten().filter_map(name).collect();
        names.sort();
        names
    }
}
