//! Good inputs from the tree.

use std::fs;
use std::path::{Path, PathBuf};
use walkdir::WalkDir;

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
    let all = WalkDir::new(root().join(folder)).sort_by_file_name().into_iter().flatten();
    let fits = |path: &PathBuf| path.to_string_lossy().ends_with(ending);
    let found = all.map(|entry| entry.into_path()).filter(fits);
    found.filter_map(|path| Some((path.clone(), fs::read(path).ok()?))).collect()
}

/// The bytes of a file of the repository; none where there is no such file.
pub fn file(path: &str) -> Vec<u8> {
    fs::read(root().join(path)).unwrap_or_default()
}
