//! The repository: its files, and the addresses they are published under.

use crate::fault::{Error, Fault};
use std::fs;
use std::path::{Path, PathBuf};

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
        let manifest = fs::read_to_string(root.join("Cargo.toml")).map_err(|_| none())?;
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

    /// The text of a file.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, path: &str) -> Result<String, Fault> {
        let read = fs::read_to_string(self.root.join(path));
        read.map_err(|error| Fault::Read { path: path.into(), error })
    }

    /// The text of a file, if there is one.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read_if_there(&self, path: &str) -> Result<Option<String>, Fault> {
        if self.has(path) { self.read(path).map(Some) } else { Ok(None) }
    }

    /// Whether there is such a file or folder.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).exists()
    }

    /// The published address of a file or folder.
    pub fn address(&self, path: &str) -> String {
        let kind = if self.root.join(path).is_dir() { "tree" } else { "blob" };
        format!("{}/{kind}/main/{}", self.repository, path.trim_end_matches('/'))
    }

    /// A path as seen from the root, with forward slashes: what messages and links show.
    pub fn relative(&self, path: &Path) -> String {
        let path = path.strip_prefix(&self.root).unwrap_or(path);
        path.display().to_string().replace('\\', "/")
    }

    /// The names in a folder, sorted; none if there is no such folder.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.root.join(folder)) else { return Vec::new() };
        let name = |entry: fs::DirEntry| entry.file_name().into_string().ok();
        let mut names: Vec<String> = entries.flatten().filter_map(name).collect();
        names.sort();
        names
    }
}
