//! Good inputs from the tree.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository's root, where this program was built.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of the inputs that are kept.
pub fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The files of a folder with their bytes, sorted by name; none where there is no such folder.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.into_iter().filter_map(|path| Some((path.clone(), fs::read(path).ok()?))).collect()
}

/// The files below a folder of the repository that end so.
pub fn below(folder: &str, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![root().join(folder)]);
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.to_string_lossy().ends_with(ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found.into_iter().filter_map(|path| Some((path.clone(), fs::read(path).ok()?))).collect()
}

/// The bytes of a file of the repository; none where there is no such file.
pub fn file(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_default()
}
