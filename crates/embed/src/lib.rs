//! Files as a table of paths and texts in a crate, so that adding a file is all it takes to embed it:
//! what a build script writes, and how a path is found in the table, at compile time too.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Every file below a folder, as sorted (path below it with `/` between the parts, file); none if it is
/// not there. Cargo hears that the script runs again when something changes in it.
///
/// # Errors
/// A folder cannot be listed.
pub fn walk(folder: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let mut files = Vec::new();
    if folder.is_dir() {
        below(folder, "", &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn below(folder: &Path, path: &str, files: &mut Vec<(String, PathBuf)>) -> Result<(), String> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let fault = |e| format!("cannot list {}: {e}", folder.display());
    for entry in fs::read_dir(folder).map_err(fault)? {
        let entry = entry.map_err(fault)?;
        let name = format!("{path}{}", entry.file_name().to_string_lossy());
        match entry.path().is_dir() {
            true => below(&entry.path(), &format!("{name}/"), files)?,
            false => files.push((name, entry.path())),
        }
    }
    Ok(())
}

/// The Rust of a table: `pub const NAME`, its doc comment, a row for each (path, file).
pub fn table(name: &str, doc: &str, rows: &[(String, PathBuf)]) -> String {
    let row = |(path, file): &(String, PathBuf)| {
        format!("    ({path:?}, include_str!({:?})),\n", file.display().to_string())
    };
    let rows: String = rows.iter().map(row).collect();
    format!("/// {doc}\npub const {name}: &[(&str, &str)] = &[\n{rows}];\n")
}

/// Writes a file that `include!(concat!(env!("OUT_DIR"), "/table.rs"))` finds.
///
/// # Errors
/// Cargo has not said where, or it cannot be written.
pub fn write(text: &str) -> Result<(), String> {
    let file = Path::new(&set_by_cargo("OUT_DIR")?).join("table.rs");
    fs::write(&file, text).map_err(|e| format!("cannot write {}: {e}", file.display()))
}

/// The folder of the crate that is built.
///
/// # Errors
/// Cargo has not said which.
pub fn here() -> Result<PathBuf, String> {
    set_by_cargo("CARGO_MANIFEST_DIR").map(PathBuf::from)
}

fn set_by_cargo(name: &str) -> Result<String, String> {
    env::var(name).map_err(|e| format!("{name}: {e}; build this with cargo"))
}

/// The build script of a crate of kernels: `<op>/<n>_<rung>` with this ending, and what lies in
/// `include/` with that one.
///
/// # Errors
/// The crate's folder cannot be read, or the table cannot be written.
pub fn kernels(ending: &str, shared: &str) -> Result<(), String> {
    let (mut kernels, mut includes) = (Vec::new(), Vec::new());
    for (path, file) in walk(&here()?)? {
        match path.split_once('/').zip(path.rsplit_once('.')) {
            Some((("include", name), (_, end))) if end == shared => {
                includes.push((name.into(), file));
            }
            Some((_, (stem, end))) if end == ending => kernels.push((stem.into(), file)),
            _ => {}
        }
    }
    let kernels = table("KERNELS", "Every kernel as (path without extension, text).", &kernels);
    let includes = table("INCLUDES", "Every shared part as (file name, text).", &includes);
    write(&(kernels + &includes))
}

/// The text at a path of a table.
pub const fn find(mut table: &[(&str, &'static str)], path: &str) -> Option<&'static str> {
    while let [(name, text), rest @ ..] = table {
        if same(name, path) {
            return Some(text);
        }
        table = rest;
    }
    None
}

const fn same(a: &str, b: &str) -> bool {
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    while let ([x, more_of_a @ ..], [y, more_of_b @ ..]) = (a, b) {
        if *x != *y {
            return false;
        }
        (a, b) = (more_of_a, more_of_b);
    }
    a.is_empty() && b.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_whole() {
        const TABLE: &[(&str, &str)] = &[("a", "1"), ("ab", "2")];
        const FOUND: Option<&str> = find(TABLE, "ab");
        assert_eq!((FOUND, find(TABLE, "b"), find(&[], "a")), (Some("2"), None, None));
    }

    #[test]
    fn files_are_listed_with_their_folders() {
        let all = walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join("lib.rs");
        assert_eq!(all, [("lib.rs".to_string(), file.clone())]);
        let rust = table("T", "Doc.", &all);
        let file = file.display().to_string();
        let want =
            format!("const T: &[(&str, &str)] = &[\n    (\"lib.rs\", include_str!({file:?})),");
        assert!(rust.contains(&want), "{rust}");
        assert_eq!(walk(Path::new("/nowhere/at all")), Ok(vec![]));
    }
}
