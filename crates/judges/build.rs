//! Embeds the solutions, the single source of the exercises, so that adding a file is all it takes.
//! A published crate has no solutions beside it: its table is empty.

#![deny(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

use std::path::{Path, PathBuf};
use std::{env, fs};

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
    let here = PathBuf::from(set_by_cargo("CARGO_MANIFEST_DIR")?);
    let root = here.join("../../solutions");
    println!("cargo:rerun-if-changed=build.rs");
    let mut rows = Vec::new();
    if root.is_dir() {
        println!("cargo:rerun-if-changed={}", root.display());
    }
    for exercise in sorted(&root) {
        let name = name(&exercise);
        if !name.starts_with("ex") || !exercise.join(FILES[0]).is_file() {
            continue;
        }
        println!("cargo:rerun-if-changed={}", exercise.display());
        for file in FILES {
            if exercise.join(file).is_file() {
                rows.push((format!("{name}/{file}"), exercise.join(file)));
            }
        }
        for (folder, endings) in FOLDERS {
            collect(&exercise.join(folder), &format!("{name}/{folder}"), endings, &mut rows);
        }
    }
    rows.sort();
    let row = |(path, file): &(String, PathBuf)| {
        format!("    ({path:?}, include_str!({:?})),\n", file.display().to_string())
    };
    let table = format!(
        "/// Every file of every solution as (path below `solutions/`, text), sorted.\n\
         pub const FILES: &[(&str, &str)] = &[\n{}];\n\
         /// A number for the text of each exercise's judges, as (`ex03`, number).\n\
         pub const JUDGES: &[(&str, u64)] = &[\n{}];\n",
        rows.iter().map(row).collect::<String>(),
        judges(&here.join("src"))?
    );
    let out = Path::new(&set_by_cargo("OUT_DIR")?).join("solutions.rs");
    fs::write(&out, table).map_err(|e| format!("cannot write {}: {e}", out.display()))
}

fn set_by_cargo(name: &str) -> Result<String, String> {
    env::var(name).map_err(|e| format!("{name}: {e}; build this with cargo"))
}

/// The rows of the table of judges: with a judge's text its number changes (FNV-1a), and what it said
/// before counts no more.
fn judges(src: &Path) -> Result<String, String> {
    let mut rows = String::new();
    for folder in sorted(src).into_iter().filter(|f| f.is_dir() && name(f).starts_with("ex")) {
        println!("cargo:rerun-if-changed={}", folder.display());
        let mut number: u64 = 0xcbf2_9ce4_8422_2325;
        for file in sorted(&folder) {
            let text =
                fs::read(&file).map_err(|e| format!("cannot read {}: {e}", file.display()))?;
            // The same on systems that end lines in two bytes.
            for byte in text.into_iter().filter(|&byte| byte != b'\r') {
                number = (number ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        rows += &format!("    ({:?}, {number:#x}),\n", name(&folder));
    }
    Ok(rows)
}

/// Adds the files below `folder` that have one of the endings.
fn collect(folder: &Path, path: &str, endings: &[&str], rows: &mut Vec<(String, PathBuf)>) {
    if folder.is_dir() {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    for entry in sorted(folder) {
        let name = name(&entry);
        let path = format!("{path}/{name}");
        if entry.is_dir() {
            collect(&entry, &path, endings, rows);
        } else if let Some((stem, ending)) = name.rsplit_once('.')
            && !stem.is_empty()
            && endings.contains(&ending)
        {
            rows.push((path, entry));
        }
    }
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
