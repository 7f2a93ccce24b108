//! Embeds the solutions, the single source of the exercises, so that adding a file is all it takes.
//! A published crate has no solutions beside it: its table is empty.

#![deny(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::fs;
use std::path::Path;
use strata_embed::{here, table, walk};

/// What is embedded: a file of the exercise's own folder, or a folder and the endings in it.
const FILES: [&str; 2] = ["exercise.toml", "Cargo.toml"];
const FOLDERS: [(&str, &[&str]); 5] = [
    ("src", &["rs"]),
    ("kernels", &["cu", "cuh"]),
    ("shaders", &["wgsl"]),
    ("tests", &["rs"]),
    ("wrong", &["toml"]),
];

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    let here = here()?;
    let mut files = walk(&here.join("../../solutions"))?;
    files.retain(|(path, _)| is_embedded(path));
    let files =
        table("FILES", "Every file of every solution, as (path below `solutions/`, text).", &files);
    strata_embed::write(&(files + &judges(&here.join("src"))?))
}

fn is_embedded(path: &str) -> bool {
    let Some((exercise, file)) = path.split_once('/') else { return false };
    let is_listed = match file.split_once('/') {
        None => FILES.contains(&file),
        Some((folder, file)) => {
            let ending = file.rsplit_once('.').filter(|(stem, _)| !stem.is_empty());
            let fits = |endings: &[&str]| ending.is_some_and(|(_, e)| endings.contains(&e));
            FOLDERS.iter().any(|(name, endings)| *name == folder && fits(endings))
        }
    };
    exercise.starts_with("ex") && is_listed
}

/// The table of judges: with a judge's text its number changes (FNV-1a), and what it said before counts
/// no more.
fn judges(src: &Path) -> Result<String, String> {
    let mut numbers: Vec<(String, u64)> = Vec::new();
    for (path, file) in walk(src)? {
        let Some((folder, _)) = path.split_once('/').filter(|(f, _)| f.starts_with("ex")) else {
            continue;
        };
        if numbers.last().is_none_or(|(last, _)| last != folder) {
            numbers.push((folder.into(), 0xcbf2_9ce4_8422_2325));
        }
        let text = fs::read(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
        // The same on systems that end lines in two bytes.
        for byte in text.into_iter().filter(|&byte| byte != b'\r') {
            if let Some((_, number)) = numbers.last_mut() {
                *number = (*number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
    }
    Ok(format!(
        "/// A number for the text of each exercise's judges, as (`ex03`, number).\n\
         pub const JUDGES: &[(&str, u64)] = &{numbers:?};\n"
    ))
}
